using TenantIdP.Scim.Names;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

public enum PatchKind
{
    Add,
    Replace,
    Remove,
}

/// <summary>One operation, read and typed. A path-less one has become one for each key of its value.</summary>
/// <param name="Value">
/// Of the path's leaf; one value where a filter selects values; null to unassign. Of a removal: only values like these.
/// </param>
public sealed record PatchOperation(PatchKind Kind, PatchPath Path, ScimValue? Value);
