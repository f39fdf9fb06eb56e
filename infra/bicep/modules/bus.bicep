// Two Premium namespaces over zones. Without an alias each has queues of its own, and the bank uses one after the other.
// With an alias the second must be empty when it is paired: its queues come from the first, and messages never do.
param firstNamespace string
param secondNamespace string
param firstRegion string
param secondRegion string
param queues array
param alias string
param workspace string

var secondNames = empty(alias) ? queues : []
var premium = { name: 'Premium', tier: 'Premium', capacity: 1 }
var settings = { zoneRedundant: true, disableLocalAuth: true, minimumTlsVersion: '1.2' }
// The bank drops what it has handled before; the bus only has to deliver at least once, and to give up loudly.
var queue = { lockDuration: 'PT1M', maxDeliveryCount: 10, deadLetteringOnMessageExpiration: true, maxSizeInMegabytes: 5120 }

resource first 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: firstNamespace
  location: firstRegion
  sku: premium
  properties: settings
}

resource second 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: secondNamespace
  location: secondRegion
  sku: premium
  properties: settings
}

resource firstQueues 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [
  for name in queues: {
    parent: first
    name: name
    properties: queue
  }
]

resource secondQueues 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = [
  for name in secondNames: {
    parent: second
    name: name
    properties: queue
  }
]

resource pairing 'Microsoft.ServiceBus/namespaces/disasterRecoveryConfigs@2024-01-01' = if (!empty(alias)) {
  parent: first
  name: empty(alias) ? 'none' : alias
  properties: { partnerNamespace: second.id }
  dependsOn: [firstQueues]
}

resource firstDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: first
  name: 'logs'
  properties: {
    workspaceId: workspace
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

resource secondDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: second
  name: 'logs'
  properties: {
    workspaceId: workspace
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
