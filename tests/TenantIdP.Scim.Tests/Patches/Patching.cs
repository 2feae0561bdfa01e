using System.Text;
using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Patches;

/// <summary>Applies operations in JSON.</summary>
internal static class Patching
{
    public static ScimResult<PatchRequest> Read(string operations, ScimResourceType? type = null) =>
        PatchRequest.Read(Encoding.UTF8.GetBytes($$"""{"schemas":["{{ScimUrns.PatchOp}}"],"Operations":[{{operations}}]}"""), type ?? Resources.User, Resources.MaxBytes);

    public static PatchOutcome Apply(ComplexValue resource, string operations, ScimResourceType? type = null)
    {
        var read = Read(operations, type);
        Assert.True(read.IsOk, read.Error?.Detail);
        var applied = read.Value.Apply(resource);
        Assert.True(applied.IsOk, applied.Error?.Detail);
        return applied.Value;
    }

    public static ScimError Refuse(ComplexValue resource, string operations, ScimResourceType? type = null)
    {
        var read = Read(operations, type);
        if (!read.IsOk) return read.Error;
        var applied = read.Value.Apply(resource);
        Assert.False(applied.IsOk, operations);
        return applied.Error;
    }
}
