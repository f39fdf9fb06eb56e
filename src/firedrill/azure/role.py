"""The least role that drills need, as Bicep, from the same table that `firedrill check` asks by.

`python -m firedrill.azure.role > infra/bicep/role.bicep` makes the file; a test sees that it is fresh.
"""

from firedrill.azure.rights import ACTIVITIES, LOOKING

HEAD = """\
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
"""
FOOT = """\
        notActions: []
        notDataActions: []
      }
    ]
  }
}

output role string = operator.id
"""


def role_text() -> str:
    """The file: each operation once, in order."""
    every = {*LOOKING, *(right for several in ACTIVITIES.values() for right in several)}
    actions = sorted({right.operation for right in every if not right.data}, key=str.lower)
    data = sorted({right.operation for right in every if right.data}, key=str.lower)
    return HEAD + block("actions", actions) + block("dataActions", data) + FOOT


def block(name: str, operations: list[str]) -> str:
    lines = "".join(f"          '{each}'\n" for each in operations)
    return f"        {name}: [\n{lines}        ]\n" if operations else f"        {name}: []\n"


if __name__ == "__main__":
    print(role_text(), end="")
