using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Http;
using TenantIdP.Server.Login;

namespace TenantIdP.Server.Federation;

/// <summary>What an identity provider is asked for.</summary>
/// <param name="Back">The app's request; null when somebody came by themselves.</param>
/// <param name="Hint">The address that was typed.</param>
/// <param name="Fresh">A proof anew, whatever session the person has there.</param>
/// <param name="Test">Set for a test run.</param>
internal sealed record Asked(string? Back, EmailAddress? Hint, bool Fresh, TestRun? Test);

/// <summary>Sends a browser to a connection's identity provider.</summary>
internal sealed class ConnectionChallenge(ConnectionDirectory connections, OidcChallenge oidc, SamlChallenge saml)
{
    /// <summary>Writes the way there into the answer, or says why it can't.</summary>
    /// <param name="test">Set for a test run, which goes through a connection that is not active, too.</param>
    public async Task<FailureFacts?> StartAsync(HttpContext context, Id<Connection> connection, PendingSignIn pending, EmailAddress? email, CancellationToken ct, TestRun? test = null)
    {
        // What was saved a moment ago is what its admin wants to see tested.
        if (test is not null) connections.Invalidate(connection);
        var found = test is not null ? await connections.FindAnyAsync(connection, ct) : await connections.FindAsync(connection, ct);
        if (found is not { OrganizationIsActive: true }) return FailureFacts.From(SignInErrors.ConnectionUnavailable, pending.Return);

        // What the app asks of us is asked of them: otherwise their session would answer for the person.
        var fresh = pending.Request is { } request && (request.Prompt.Contains("login") || request.MaxAge is not null);
        var asked = new Asked(pending.Return, email, fresh, test);
        if (found.Kind != ConnectionKind.Saml) return await oidc.StartAsync(context, connection, asked, ct);
        await saml.StartAsync(context, found, asked, ct);
        return null;
    }
}
