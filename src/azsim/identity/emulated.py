"""What of Entra ID the stage stands in for, for the reference page."""

EMULATED = {
    "Client credentials": "v1 and v2 token endpoints, secret in the body or in a Basic header; tokens are RS256 JWTs that live an hour",
    "Discovery and signing keys": "openid-configuration and JWKS, also below /adfs, so that an unmodified DefaultAzureCredential signs in",
    "Refusals": "AADSTS700016, 7000215, 7000218, 90002, 900144, 70003, 1002012, 90033",
    "Applications": "One Contributor and one Reader; three shippers and an auditor, whose tokens for the system's own API carry roles and who have no rights on ARM",
    "Key rotation": "A new key signs, the old one is published until its tokens have expired",
    "Being away": "Connections refused, frozen, slow, or 503; ARM and everybody who holds the keys go on with the tokens that are out",
}
NOT_EMULATED = {
    "People, consent, devices, MFA, conditional access": "Applications only",
    "Certificates, federated and managed identities": "Secrets only",
    "Scopes and resources": "A token is issued for any audience; the service that gets it decides",
    "Microsoft Graph": "Applications are there from the start and stay",
    "Role assignments": "Contributor, Reader or nothing, on the whole subscription",
    "Retiring a key at once": "A replaced key stays valid for the hour that its tokens may live",
}
