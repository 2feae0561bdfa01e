using TenantIdP.Core.Apps;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Scim;
using TenantIdP.Server.Http;
using TenantIdP.Server.Management;

namespace TenantIdP.Server.Scim;

/// <summary>
/// Finds whose token a request presents. From an address that has used up its requests without a good token, only a token that was good lately is looked up, as
/// <see cref="KeyAdmission"/> does it for keys: whoever guesses does not make us ask the database each time, and an identity provider behind the same address goes on.
/// </summary>
internal sealed class ScimCallers(DirectoryReader directories, IAccessTokens tokens, IssuerOptions issuer, RateLimits limits, RecentKeys recent)
{
    private const string Prefix = "Bearer ";

    /// <param name="directory">Of the address; null when it names none.</param>
    public async Task<ScimResult<(DirectoryAdmission Admitted, string? App)>> FindAsync(HttpContext context, Id<OrganizationDirectory>? directory)
    {
        var header = context.Request.Headers.Authorization;
        if (header is not [{ } single] || !single.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) return ScimAccess.Unauthenticated;
        var presented = single[Prefix.Length..].Trim();
        if (!DirectorySecret.IsToken(presented)) return await FindByAppAsync(presented, directory, context.RequestAborted);
        var hash = MachineSecret.Hash(presented);
        if ((limits.IsSpent(context) && !recent.Has(hash)) || await directories.FindAsync(presented, context.RequestAborted) is not { } found) return ScimAccess.Unauthenticated;
        recent.Note(hash);
        return (found, null);
    }

    /// <summary>An app's token for itself, of one organization, for our API (RFC 6749 section 4.4): what the organization has granted it is asked now.</summary>
    private async Task<ScimResult<(DirectoryAdmission Admitted, string? App)>> FindByAppAsync(string presented, Id<OrganizationDirectory>? asked, CancellationToken ct)
    {
        if (await tokens.ReadAsync(presented, ct) is not { UserId: null, OrganizationId: { } organization } token
            || !token.Audiences.Contains(issuer.ManagementApi, StringComparer.Ordinal) || !Id<App>.TryParse(token.ClientId, out var app)) return ScimAccess.Unauthenticated;
        if (asked is not { } directory) return ScimAccess.NotThere;
        var found = await directories.FindAsync(app, organization, directory, ct);
        if (found.IsOk) return (found.Value, token.ClientId);
        return found.Error == DirectoryErrors.SyncNotGranted ? ScimAnswer.ErrorOf(found.Error) : ScimAccess.NotThere;
    }
}
