// Two identities: the bank's own, which its pods sign in with, and that of the drills, which may break things.
// They are kept apart: what a drill may do must never depend on what the system may do.
param name string
param location string

resource bank 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-bank'
  location: location
}

resource drills 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-drills'
  location: location
}

output bankName string = bank.name
output bankClient string = bank.properties.clientId
output bankPrincipal string = bank.properties.principalId
output drillsClient string = drills.properties.clientId
output drillsPrincipal string = drills.properties.principalId
