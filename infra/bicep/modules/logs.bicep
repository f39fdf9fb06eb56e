// Where every diagnostic setting sends its logs: what Azure says happened, beside what the drill measured.
param name string
param location string

@description('How long logs are kept, in days.')
param days int = 30

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: name
  location: location
  properties: { sku: { name: 'PerGB2018' }, retentionInDays: days }
}

output workspace string = logs.id
