// The bank in two regions, small. Nothing in here is a secret: databases, buses and accounts take Entra ID only.
// How to deploy it, and what it does not do: infra/README.md.
targetScope = 'subscription'

@description('Beginning of every name. Accounts, namespaces and servers are named world-wide: choose one that is free.')
@minLength(3)
@maxLength(12)
param name string = 'gasbank'

@description('The resource group of everything; the nodes of the clusters get groups of their own beside it.')
param resourceGroupName string = name

@description('The region that is primary. Both must be paired regions with three zones or RA-GZRS is refused.')
param firstRegion string = 'westeurope'
param secondRegion string = 'northeurope'

@description('Short names of the two regions, for names.')
param firstShort string = 'weu'
param secondShort string = 'neu'

@description('Who administers the SQL servers: name and object id of an Entra group.')
param sqlAdministratorName string
param sqlAdministratorObjectId string

@description('Who runs drills: object id of a person, group or service principal. Empty: only the identity made here.')
param operatorObjectId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
param operatorKind string = 'Group'

@description('Name of the Geo-DR alias over both namespaces. Empty: none, and both namespaces have queues of their own.')
param busAlias string = ''

@description('Host names where the ingress of each cluster answers. Empty: no Front Door yet; deploy again when they are known.')
param firstOrigin string = ''
param secondOrigin string = ''

param sqlSku string = 'GP_Gen5_2'
param storageSku string = 'Standard_RAGZRS'
param nodeSize string = 'Standard_D2s_v5'
@minValue(3)
param nodeCount int = 3

var queues = ['to-ledger', 'to-nominations', 'to-plant', 'to-confirmations', 'to-statements', 'confirmations']

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: resourceGroupName
  location: firstRegion
}

module logs 'modules/logs.bicep' = {
  name: 'logs'
  scope: group
  params: { name: '${name}-logs', location: firstRegion }
}

module identities 'modules/identities.bicep' = {
  name: 'identities'
  scope: group
  params: { name: name, location: firstRegion }
}

module sql 'modules/sql.bicep' = {
  name: 'sql'
  scope: group
  params: {
    failoverGroup: '${name}-fog'
    database: name
    firstServer: '${name}-sql-${firstShort}'
    secondServer: '${name}-sql-${secondShort}'
    firstRegion: firstRegion
    secondRegion: secondRegion
    sku: sqlSku
    administratorName: sqlAdministratorName
    administratorObjectId: sqlAdministratorObjectId
    workspace: logs.outputs.workspace
  }
}

module bus 'modules/bus.bicep' = {
  name: 'bus'
  scope: group
  params: {
    firstNamespace: '${name}-sb-${firstShort}'
    secondNamespace: '${name}-sb-${secondShort}'
    firstRegion: firstRegion
    secondRegion: secondRegion
    queues: queues
    alias: busAlias
    workspace: logs.outputs.workspace
  }
}

module firstAccount 'modules/storage.bicep' = {
  name: 'storage-${firstShort}'
  scope: group
  params: { name: '${name}${firstShort}', location: firstRegion, sku: storageSku, workspace: logs.outputs.workspace }
}

module secondAccount 'modules/storage.bicep' = {
  name: 'storage-${secondShort}'
  scope: group
  params: { name: '${name}${secondShort}', location: secondRegion, sku: storageSku, workspace: logs.outputs.workspace }
}

module firstCluster 'modules/cluster.bicep' = {
  name: 'cluster-${firstShort}'
  scope: group
  params: {
    name: '${name}-aks-${firstShort}'
    location: firstRegion
    nodeGroup: '${name}-nodes-${firstShort}'
    nodeSize: nodeSize
    nodeCount: nodeCount
    bankIdentity: identities.outputs.bankName
    workspace: logs.outputs.workspace
  }
}

module secondCluster 'modules/cluster.bicep' = {
  name: 'cluster-${secondShort}'
  scope: group
  params: {
    name: '${name}-aks-${secondShort}'
    location: secondRegion
    nodeGroup: '${name}-nodes-${secondShort}'
    nodeSize: nodeSize
    nodeCount: nodeCount
    bankIdentity: identities.outputs.bankName
    workspace: logs.outputs.workspace
  }
  // Two federated credentials of one identity cannot be written at the same time.
  dependsOn: [firstCluster]
}

module door 'modules/door.bicep' = if (!empty(firstOrigin) && !empty(secondOrigin)) {
  name: 'door'
  scope: group
  params: {
    name: name
    origins: [firstOrigin, secondOrigin]
    workspace: logs.outputs.workspace
  }
}

module role 'role.bicep' = {
  name: 'role'
  params: {
    scopes: [
      group.id
      '${subscription().id}/resourceGroups/${name}-nodes-${firstShort}'
      '${subscription().id}/resourceGroups/${name}-nodes-${secondShort}'
    ]
  }
  // The groups of the nodes come with the clusters, and a role can only be assignable where something is.
  dependsOn: [firstCluster, secondCluster]
}

module rights 'modules/rights.bicep' = {
  name: 'rights'
  scope: group
  params: {
    role: role.outputs.role
    drills: identities.outputs.drillsPrincipal
    bank: identities.outputs.bankPrincipal
    operatorObjectId: operatorObjectId
    operatorKind: operatorKind
  }
}

module firstNodes 'modules/nodes.bicep' = {
  name: 'nodes-${firstShort}'
  scope: resourceGroup('${name}-nodes-${firstShort}')
  params: {
    role: role.outputs.role
    drills: identities.outputs.drillsPrincipal
    operatorObjectId: operatorObjectId
    operatorKind: operatorKind
  }
}

module secondNodes 'modules/nodes.bicep' = {
  name: 'nodes-${secondShort}'
  scope: resourceGroup('${name}-nodes-${secondShort}')
  params: {
    role: role.outputs.role
    drills: identities.outputs.drillsPrincipal
    operatorObjectId: operatorObjectId
    operatorKind: operatorKind
  }
}

output resourceGroup string = group.name
output drillsClientId string = identities.outputs.drillsClient
output bankClientId string = identities.outputs.bankClient
