using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Engine.OpenIddict.Keys;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Reads this issuer's own access tokens with the key ring at hand, so that a rotated key is known at once.</summary>
public sealed class AccessTokens(KeyRing ring, IssuerOptions issuer, VerifiedTokens verified, OidcSession session, AppCache apps, TimeProvider clock) : IAccessTokens
{
    private static readonly JsonWebTokenHandler Handler = new() { MapInboundClaims = false };

    public async Task<AccessTokenFacts?> ReadAsync(string token, CancellationToken ct)
    {
        if (token.Length > 16_384) return null;
        var keys = ring.Published;
        var read = verified.Find(token, keys);
        if (read is null)
        {
            if (await VerifyAsync(token, keys) is not { } fresh) return null;
            verified.Keep(token, read = fresh, keys);
        }

        var now = clock.GetUtcNow().UtcDateTime;
        if (read.Expires <= now || read.NotBefore > now) return null;

        // A deleted app's tokens end with it, and a scope that was taken from it is gone from those it holds.
        if (await apps.FindByClientIdAsync(session, read.ClientId, ct) is not { } row) return null;
        var allowed = apps.Read(row).Scopes;
        return new AccessTokenFacts(
            read.ClientId,
            Id<User>.TryParse(read.Subject, out var user) ? user : null,
            Id<Session>.TryParse(read.SessionId, out var sid) ? sid : null,
            Id<Organization>.TryParse(read.OrganizationId, out var organization) ? organization : null,
            read.AuthorizationId,
            [.. read.Audiences],
            [.. read.Scopes.Where(allowed.Contains)])
        {
            WorkspaceId = Id<Workspace>.TryParse(read.WorkspaceId, out var workspace) ? workspace : null,
            Act = read.Act,
        };
    }

    private async Task<VerifiedToken?> VerifyAsync(string token, IReadOnlyList<SigningKey> keys)
    {
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = issuer.Issuer,
            ValidTypes = ["at+jwt"],
            ValidAlgorithms = KeyRing.Algorithms,
            IssuerSigningKeys = keys.Select(k => k.Credentials.Key),
            ValidateAudience = false, // the caller compares it with the API it protects
            RequireExpirationTime = true,
            ValidateLifetime = false, // asked each time, of those that are kept, too
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt || jwt.ValidTo == default || Claim(jwt, Claims.ClientId) is not { } clientId) return null;
        return new VerifiedToken(
            clientId, jwt.Subject, Claim(jwt, "sid"), Claim(jwt, "org_id"), Claim(jwt, "workspace_id"), Claim(jwt, Claims.Private.AuthorizationId) ?? "", [.. jwt.Audiences],
            (Claim(jwt, Claims.Scope) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries), jwt.ValidFrom == default ? null : jwt.ValidFrom, jwt.ValidTo)
        {
            Act = jwt.TryGetPayloadValue<JsonElement>("act", out var act) && act is { ValueKind: JsonValueKind.Object } && act.TryGetProperty("sub", out var acting) ? acting.GetString() : null,
        };
    }

    public async Task<Grant?> FindGrantAsync(string grantId, CancellationToken ct)
    {
        if (!Guid.TryParse(grantId, out var id)) return null;
        var row = await session.Db.Authorizations.AsNoTracking().Where(a => a.Id == id && a.Status == Statuses.Valid)
            .Select(a => new { Grant = a, ApplicationId = EF.Property<Guid?>(a, "ApplicationId") }).SingleOrDefaultAsync(ct);
        return row is null ? null : Grants.ToGrant(row.Grant, row.ApplicationId ?? Guid.Empty);
    }

    private static string? Claim(JsonWebToken token, string name) => token.TryGetPayloadValue<string>(name, out var value) ? value : null;
}
