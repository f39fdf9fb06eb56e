// The same role in the resource group of a cluster's nodes: drills stop machines and zones there.
param role string
param drills string
param operatorObjectId string
param operatorKind string

resource forDrills 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, drills, role)
  properties: { roleDefinitionId: role, principalId: drills, principalType: 'ServicePrincipal' }
}

resource forOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorObjectId)) {
  name: guid(resourceGroup().id, operatorObjectId, role)
  properties: { roleDefinitionId: role, principalId: operatorObjectId, principalType: operatorKind }
}
