// Two SQL servers, one database, one failover group. Entra ID only: there is no password to leak.
param failoverGroup string
param database string
param firstServer string
param secondServer string
param firstRegion string
param secondRegion string
param sku string
param administratorName string
param administratorObjectId string
param workspace string

@description('Zone redundancy of the database; not every size and region has it.')
param zoneRedundant bool = false

@description('How long Azure waits before it fails over by itself and loses what was not replicated. 60 is its shortest.')
@minValue(60)
param graceMinutes int = 60

var administrators = {
  administratorType: 'ActiveDirectory'
  azureADOnlyAuthentication: true
  principalType: 'Group'
  login: administratorName
  sid: administratorObjectId
  tenantId: tenant().tenantId
}

resource first 'Microsoft.Sql/servers@2023-08-01' = {
  name: firstServer
  location: firstRegion
  properties: { administrators: administrators, minimalTlsVersion: '1.2' }
}

resource second 'Microsoft.Sql/servers@2023-08-01' = {
  name: secondServer
  location: secondRegion
  properties: { administrators: administrators, minimalTlsVersion: '1.2' }
}

resource bank 'Microsoft.Sql/servers/databases@2023-08-01' = {
  parent: first
  name: database
  location: firstRegion
  sku: { name: sku }
  properties: { zoneRedundant: zoneRedundant, requestedBackupStorageRedundancy: 'Geo' }
}

// Two weeks of points in time: a mistake is found later than the day after.
resource retention 'Microsoft.Sql/servers/databases/backupShortTermRetentionPolicies@2023-08-01' = {
  parent: bank
  name: 'default'
  properties: { retentionDays: 14 }
}

resource group 'Microsoft.Sql/servers/failoverGroups@2023-08-01' = {
  parent: first
  name: failoverGroup
  properties: {
    readWriteEndpoint: { failoverPolicy: 'Automatic', failoverWithDataLossGracePeriodMinutes: graceMinutes }
    readOnlyEndpoint: { failoverPolicy: 'Disabled' }
    partnerServers: [{ id: second.id }]
    databases: [bank.id]
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: bank
  name: 'logs'
  properties: {
    workspaceId: workspace
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'Basic', enabled: true }]
  }
}
