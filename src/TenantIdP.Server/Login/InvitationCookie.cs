using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>An invitation that this browser has opened.</summary>
/// <param name="Back">The app's request that it belongs to; null when somebody followed the link of a mail.</param>
/// <param name="Consented">The person has said yes in a form of ours, and went to sign in: their coming back completes it.</param>
internal sealed record InvitationVisit(string Token, string? Back, bool Consented)
{
    /// <summary>What the form names, so that a yes is to the invitation that was on the screen.</summary>
    public string Name => InvitationToken.TryParse(Token, out var token) ? token.InvitationId.ToString() : "";
}

/// <summary>
/// Keeps the token of an opened invitation sealed in the browser, so that no later address, referrer, history or log has it. SameSite=Lax, as all of ours: nothing that another site
/// posts comes with it.
/// </summary>
internal sealed class InvitationCookie(IDataProtectionProvider protection, IssuerOptions issuer, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    // A request inside a sealed value may be longer than one cookie.
    private readonly ChunkingCookieManager cookies = new();
    private readonly CookieBuilder cookie = Cookies.Build(issuer, "invitation");
    private readonly IDataProtector protector = protection.CreateProtector("TenantIdP.Invitation", "v1");

    private sealed record Kept(string Token, string? Back, bool Consented, DateTimeOffset Until);

    public void Keep(HttpContext context, InvitationVisit visit)
    {
        var until = clock.GetUtcNow() + Lifetime;
        var settings = cookie.Build(context, clock.GetUtcNow());
        settings.Expires = until;
        var text = protector.Protect(JsonSerializer.Serialize(new Kept(visit.Token, visit.Back, visit.Consented, until), JsonText.Options));
        cookies.AppendResponseCookie(context, cookie.Name!, text, settings); // the builder names it
    }

    /// <summary>Null when this browser has none, or it has run out.</summary>
    public InvitationVisit? Find(HttpContext context)
    {
        if (cookies.GetRequestCookie(context, cookie.Name!) is not { } text) return null; // the builder names it
        try
        {
            return JsonSerializer.Deserialize<Kept>(protector.Unprotect(text), JsonText.Options) is { } kept && clock.GetUtcNow() < kept.Until ? new InvitationVisit(kept.Token, kept.Back, kept.Consented) : null;
        }
        catch (CryptographicException)
        {
            return null; // altered, or sealed with a key ring that is gone: the link is opened again
        }
    }

    public void Drop(HttpContext context) => cookies.DeleteCookie(context, cookie.Name!, cookie.Build(context, clock.GetUtcNow())); // the builder names it
}
