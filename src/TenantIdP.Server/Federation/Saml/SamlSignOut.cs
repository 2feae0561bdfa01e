using TenantIdP.Core.Connections;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml.Bindings;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Takes a browser that has signed out here on to the next identity provider, and in the end back to where the sign-out began.</summary>
internal sealed class SamlSignOut(ConnectionDirectory connections, SamlLogoutMessages messages, SamlSender sender, SignOutCookie rounds)
{
    /// <param name="handle">Of the round, or of the request that has just been answered. One that this browser does not know leads to our own page: there is nothing left to end.</param>
    public async Task ContinueAsync(HttpContext context, string? handle, CancellationToken ct)
    {
        if (handle is not { Length: > 0 and <= FlowHandle.Longest } || !rounds.TryTake(context, UpstreamSignOut.About, handle, out var round))
        {
            FederationFinish.SeeOther(context, InteractionPaths.SignOut);
            return;
        }

        for (var at = 0; at < round.Left.Count; at++)
        {
            var logout = round.Left[at];
            // What was disabled or lost its address meanwhile is passed over: the session here is over already.
            if (await connections.FindAsync(logout.ConnectionId, ct) is not { Saml: { SloUrl: { } address } settings } connection || messages.Request(connection, logout) is not { } request) continue;
            if (await sender.KeyAsync(connection, ct) is not { } key) continue;
            rounds.Keep(context, UpstreamSignOut.About, FlowHandle.Of(request.Id), round with { Left = [.. round.Left.Skip(at + 1)] });
            await sender.SendAsync(context, connection, new SamlEndpoint(address, settings.SloBinding), SamlParameter.Request, request.Xml, FlowHandle.New(), key);
            return;
        }

        FederationFinish.SeeOther(context, round.Back ?? InteractionPaths.SignOut);
    }
}
