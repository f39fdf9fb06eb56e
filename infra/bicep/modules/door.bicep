// Front Door before both regions: one entry, and a region that does not answer its probe gets no requests.
param name string
param origins array
param workspace string

@description('What answers 200 when a region may get requests.')
param readyPath string = '/health/ready'

resource profile 'Microsoft.Cdn/profiles@2023-05-01' = {
  name: '${name}-door'
  location: 'global'
  sku: { name: 'Standard_AzureFrontDoor' }
}

resource entry 'Microsoft.Cdn/profiles/afdEndpoints@2023-05-01' = {
  parent: profile
  name: name
  location: 'global'
  properties: { enabledState: 'Enabled' }
}

resource regions 'Microsoft.Cdn/profiles/originGroups@2023-05-01' = {
  parent: profile
  name: 'regions'
  properties: {
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 50 }
    healthProbeSettings: {
      probePath: readyPath
      probeRequestType: 'GET'
      probeProtocol: 'Https'
      probeIntervalInSeconds: 5
    }
  }
}

resource each 'Microsoft.Cdn/profiles/originGroups/origins@2023-05-01' = [
  for (host, index) in origins: {
    parent: regions
    name: 'region-${index}'
    properties: { hostName: host, originHostHeader: host, priority: 1, weight: 1000, enabledState: 'Enabled' }
  }
]

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2023-05-01' = {
  parent: entry
  name: 'everything'
  properties: {
    originGroup: { id: regions.id }
    patternsToMatch: ['/*']
    supportedProtocols: ['Https']
    forwardingProtocol: 'HttpsOnly'
    httpsRedirect: 'Disabled'
    linkToDefaultDomain: 'Enabled'
  }
  dependsOn: [each]
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: profile
  name: 'logs'
  properties: {
    workspaceId: workspace
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}
