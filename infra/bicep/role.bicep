// Made by `python -m firedrill.azure.role > infra/bicep/role.bicep`; do not edit by hand.
// What `firedrill check` asks for, and nothing else: no drill of this project needs more, and none may do more.
targetScope = 'subscription'

@description('Names of roles are unique in a tenant.')
param roleName string = 'Fire drill operator'

@description('Where it may be assigned: resource groups, by id.')
param scopes array

resource operator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, roleName)
  properties: {
    roleName: roleName
    description: 'Breaks what fire drills break and puts it back, and reads what they measure.'
    type: 'CustomRole'
    assignableScopes: scopes
    permissions: [
      {
        actions: [
          'Microsoft.Authorization/permissions/read'
          'Microsoft.Compute/locations/operations/read'
          'Microsoft.Compute/virtualMachineScaleSets/powerOff/action'
          'Microsoft.Compute/virtualMachineScaleSets/read'
          'Microsoft.Compute/virtualMachineScaleSets/restart/action'
          'Microsoft.Compute/virtualMachineScaleSets/start/action'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/instanceView/read'
          'Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read'
          'Microsoft.Resources/subscriptions/resourceGroups/read'
          'Microsoft.Resources/subscriptions/resourceGroups/resources/read'
          'Microsoft.ServiceBus/namespaces/disasterRecoveryConfigs/failover/action'
          'Microsoft.ServiceBus/namespaces/disasterRecoveryConfigs/read'
          'Microsoft.ServiceBus/namespaces/disasterRecoveryConfigs/write'
          'Microsoft.ServiceBus/namespaces/failover/action'
          'Microsoft.ServiceBus/namespaces/operationresults/read'
          'Microsoft.ServiceBus/namespaces/queues/read'
          'Microsoft.ServiceBus/namespaces/queues/write'
          'Microsoft.ServiceBus/namespaces/read'
          'Microsoft.ServiceBus/namespaces/write'
          'Microsoft.Sql/locations/databaseAzureAsyncOperation/read'
          'Microsoft.Sql/locations/databaseOperationResults/read'
          'Microsoft.Sql/locations/failoverGroupAzureAsyncOperation/read'
          'Microsoft.Sql/locations/failoverGroupOperationResults/read'
          'Microsoft.Sql/servers/databases/delete'
          'Microsoft.Sql/servers/databases/failover/action'
          'Microsoft.Sql/servers/databases/read'
          'Microsoft.Sql/servers/databases/write'
          'Microsoft.Sql/servers/failoverGroups/failover/action'
          'Microsoft.Sql/servers/failoverGroups/forceFailoverAllowDataLoss/action'
          'Microsoft.Sql/servers/failoverGroups/read'
          'Microsoft.Sql/servers/failoverGroups/tryPlannedBeforeForcedFailover/action'
          'Microsoft.Sql/servers/read'
          'Microsoft.Storage/operations/read'
          'Microsoft.Storage/storageAccounts/blobServices/read'
          'Microsoft.Storage/storageAccounts/failover/action'
          'Microsoft.Storage/storageAccounts/read'
          'Microsoft.Storage/storageAccounts/write'
        ]
        dataActions: [
          'Microsoft.ServiceBus/namespaces/messages/receive/action'
          'Microsoft.ServiceBus/namespaces/messages/send/action'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/delete'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'
        ]
        notActions: []
        notDataActions: []
      }
    ]
  }
}

output role string = operator.id
