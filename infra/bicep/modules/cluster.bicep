// One AKS cluster over three zones. No local accounts: who may delete a pod is decided by Entra ID and Azure RBAC.
// The pods sign in as the bank's identity, by a credential that trusts this cluster's own issuer.
param name string
param location string
param nodeGroup string
param nodeSize string
param nodeCount int
param bankIdentity string
param workspace string

@description('Namespace and service account of the bank in the cluster, as infra/kubernetes has them.')
param namespace string = 'gasbank'
param serviceAccount string = 'gasbank'

resource cluster 'Microsoft.ContainerService/managedClusters@2024-05-01' = {
  name: name
  location: location
  sku: { name: 'Base', tier: 'Standard' }
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: name
    nodeResourceGroup: nodeGroup
    disableLocalAccounts: true
    enableRBAC: true
    aadProfile: { managed: true, enableAzureRBAC: true }
    oidcIssuerProfile: { enabled: true }
    securityProfile: { workloadIdentity: { enabled: true } }
    networkProfile: { networkPlugin: 'azure', networkPluginMode: 'overlay', loadBalancerSku: 'standard' }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        type: 'VirtualMachineScaleSets'
        osType: 'Linux'
        vmSize: nodeSize
        count: nodeCount
        availabilityZones: ['1', '2', '3']
      }
    ]
  }
}

resource bank 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: bankIdentity
}

resource trust 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: bank
  name: name
  properties: {
    issuer: cluster.properties.oidcIssuerProfile.issuerURL
    subject: 'system:serviceaccount:${namespace}:${serviceAccount}'
    audiences: ['api://AzureADTokenExchange']
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: cluster
  name: 'logs'
  properties: {
    workspaceId: workspace
    logs: [
      { category: 'kube-apiserver', enabled: true }
      { category: 'kube-controller-manager', enabled: true }
      { category: 'cluster-autoscaler', enabled: true }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
