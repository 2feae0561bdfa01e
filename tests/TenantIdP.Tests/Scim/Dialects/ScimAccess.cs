using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>What an administrator copies into their identity provider.</summary>
internal sealed record ScimAccess(string BaseUrl, string Token)
{
    public static async Task<ScimAccess> OpenAsync(IdpHost idp, Id<Organization> organization, CancellationToken ct, Func<DirectorySettings, DirectorySettings>? change = null)
    {
        var settings = DirectorySettings.Named("Directory");
        var made = await idp.UseAsync<DirectoryService, MadeDirectory>(s => s.CreateAsync(organization, change?.Invoke(settings) ?? settings, null, Granter.Instance, ct), organization);
        return new ScimAccess($"{idp.Issuer}/scim/v2/{made.Directory.Id}", made.Token.Secret);
    }
}
