using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Login;

/// <summary>A link that waits for a proof, and the request it goes back to.</summary>
internal sealed record WaitingLink(PendingLink Link, string? Return);

/// <summary>Keeps a waiting link sealed in the one browser that came back from the upstream (SECURITY.md A7, B4). Nobody can edit it and no other browser has it.</summary>
internal sealed class PendingLinkCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    // A request inside a sealed value may be longer than one cookie.
    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, "link");
    private readonly IDataProtector protector = protection.CreateProtector("TenantIdP.PendingLink", "v2");

    public void Keep(HttpContext context, WaitingLink waiting)
    {
        var (link, external) = (waiting.Link, waiting.Link.External);
        var kept = new Kept(link.ConnectionId, link.OrganizationId, link.User, link.ExpiresAt, external.Issuer, external.Subject, external.Email?.Value, external.EmailVerified,
            external.Name.Display, external.Name.Given, external.Name.Family, external.Amr, external.RoleValues, external.Session, waiting.Return);
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = link.ExpiresAt;
        cookies.AppendResponseCookie(context, cookie.Name!, protector.Protect(JsonSerializer.Serialize(kept, Cookies.Json)), settings); // the builder names it
    }

    /// <summary>Null when this browser has none, or it has run out.</summary>
    public WaitingLink? Find(HttpContext context)
    {
        if (cookies.GetRequestCookie(context, cookie.Name!) is not { } text) return null;
        try
        {
            if (JsonSerializer.Deserialize<Kept>(protector.Unprotect(text), Cookies.Json) is not { } kept || clock.GetUtcNow() >= kept.ExpiresAt) return null;
            var email = EmailAddress.TryParse(kept.Email, out var address) ? address : (EmailAddress?)null;
            var external = new ExternalIdentity(kept.Issuer, kept.Subject, email, kept.EmailVerified, new PersonName(kept.Name, kept.Given, kept.Family), kept.Amr)
            {
                RoleValues = kept.RoleValues,
                Session = kept.Session,
            };
            return new WaitingLink(new PendingLink(kept.ConnectionId, kept.OrganizationId, external, kept.User, kept.ExpiresAt), kept.Return);
        }
        catch (CryptographicException)
        {
            return null; // altered, or sealed with a key ring that is gone: the sign-in starts again
        }
    }

    public void Drop(HttpContext context) => cookies.DeleteCookie(context, cookie.Name!, cookie.Build(context, clock.GetUtcNow()));

    private sealed record Kept(
        Id<Connection> ConnectionId, Id<Organization> OrganizationId, Id<User> User, DateTimeOffset ExpiresAt, string Issuer, string Subject, string? Email, bool EmailVerified,
        string? Name, string? Given, string? Family, IReadOnlyList<string> Amr, IReadOnlyList<string>? RoleValues, UpstreamSessionFacts? Session, string? Return);
}
