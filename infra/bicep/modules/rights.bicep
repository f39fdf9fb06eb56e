// Who may do what in the bank's resource group: the drills break things, the bank sends, receives and archives.
param role string
param drills string
param bank string
param operatorObjectId string
param operatorKind string

// Azure's own roles: Service Bus Data Sender, Service Bus Data Receiver, Storage Blob Data Contributor.
var bankRoles = [
  '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
]

resource forDrills 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, drills, role)
  properties: { roleDefinitionId: role, principalId: drills, principalType: 'ServicePrincipal' }
}

resource forOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorObjectId)) {
  name: guid(resourceGroup().id, operatorObjectId, role)
  properties: { roleDefinitionId: role, principalId: operatorObjectId, principalType: operatorKind }
}

resource forBank 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for each in bankRoles: {
    name: guid(resourceGroup().id, bank, each)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', each)
      principalId: bank
      principalType: 'ServicePrincipal'
    }
  }
]
