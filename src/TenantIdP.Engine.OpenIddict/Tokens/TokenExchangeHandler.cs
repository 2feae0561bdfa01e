using System.Security.Claims;
using System.Text.Json.Nodes;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Workspaces;
using TenantIdP.Engine.OpenIddict.Stores;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>Token exchange (RFC 8693): the engine has validated the subject token, Core decides, this translates. Nothing is stored: the new token rests on the same grant.</summary>
public sealed class TokenExchangeHandler(OidcSession session, AccessReader reader, Audiences audiences, TokenRefusals refusals, TokenOptions options, TimeProvider clock)
    : IOpenIddictServerHandler<HandleTokenRequestContext>
{
    public async ValueTask HandleAsync(HandleTokenRequestContext context)
    {
        if (!context.Request.IsTokenExchangeGrantType()) return;
        var ct = context.CancellationToken;
        if (await refusals.AppAsync(context.ClientId, ct) is not { } app)
        {
            Reject(context, TokenRefusals.AppGone);
            return;
        }

        var token = context.SubjectTokenPrincipal!; // validated by the engine
        if (Malformed(context.Request) is { } malformed)
        {
            Reject(context, malformed);
            return;
        }

        // An app's own token has neither grant nor session.
        if (!Guid.TryParse(token.GetAuthorizationId(), out var id) || await session.Db.Authorizations.FindAsync([id], ct) is not { } row || Read(token) is not { } subject)
        {
            Reject(context, TokenExchange.NotAPerson);
            return;
        }

        var asked = context.Request.GetScopes();
        if (TokenExchange.Refusal(app, subject, asked) is { } refused)
        {
            Reject(context, refused);
            return;
        }

        if (await audiences.FindAsync(context.Request, app, null, ct) is not { Api: not null } target)
        {
            context.Reject(Errors.InvalidTarget, "The app may not ask for tokens of that API.");
            return;
        }

        // The token's own organization and workspace, also after its grant has moved on to another one.
        Id<Organization>? organization = Id<Organization>.TryParse(token.GetClaim("org_id"), out var named) ? named : null;
        Id<Workspace>? workspace = Id<Workspace>.TryParse(token.GetClaim("workspace_id"), out var inside) ? inside : null;
        var grant = Grants.ToGrant(row, app.Id.Value);
        var facts = row.Status == Statuses.Valid ? await reader.ReadAsync(grant.UserId, grant.SessionId, organization, WorkspaceName.Of(workspace), grant.Proofs, ct) : null;
        var judgement = facts is null ? new Judgement(Verdict.GrantDead, null) : AccessPolicy.Judge(facts);
        if (facts is null || judgement.Proof is not { } proof)
        {
            Reject(context, facts is null ? new TokenRefusal(Errors.InvalidGrant, "The session behind this token has ended.") : OrganizationSwitch.Refusal(judgement, facts, isSwitch: false)!); // not granted: it has one
            return;
        }

        var scopes = TokenExchange.Scopes(app, subject, asked);
        var principal = Principals.From([.. TokenClaims.For(facts, proof, grant.SessionId, scopes, target.Api, app.ClaimMap), TokenExchange.Act(app, subject)]);
        principal.SetScopes(scopes);
        principal.SetAuthorizationId(row.Id.ToString());
        await refusals.Events.RecordExchangeAsync(app, grant, organization, target.Audience, subject, ct);
        TokenRequestHandler.Finish(context, app, principal, target, options, TokenExchange.AtMost(subject, clock.GetUtcNow()));
    }

    private static TokenRefusal? Malformed(OpenIddictRequest request)
    {
        if (TokenRequestHandler.Requested(request) is not null) return TokenExchange.NoOrganization;
        if (!string.IsNullOrEmpty(request.ActorToken)) return TokenExchange.NoActorToken;
        return request["audience"] is not null ? TokenExchange.NamedByAudience : null;
    }

    private static ExchangeSubject? Read(ClaimsPrincipal token) =>
        token.GetPresenters() is [{ } client, ..] && token.GetExpirationDate() is { } expires
            ? new ExchangeSubject(client, token.GetAudiences(), token.GetScopes(), expires, token.GetClaim("act") is { } act ? JsonNode.Parse(act) as JsonObject : null)
            : null;

    private static void Reject(HandleTokenRequestContext context, TokenRefusal refusal) => context.Reject(refusal.Error, refusal.Description);
}

/// <summary>
/// The engine's check of who may use a token, except for an exchange, which has rules of its own in Core. Not the engine's own handler with a filter: whoever removes one removes
/// every handler of its type.
/// </summary>
public sealed class AuthorizedParty : IOpenIddictServerHandler<ValidateTokenRequestContext>
{
    private readonly OpenIddictServerHandlers.Exchange.ValidateAuthorizedParty stock = new();

    public ValueTask HandleAsync(ValidateTokenRequestContext context) => context.Request.IsTokenExchangeGrantType() ? ValueTask.CompletedTask : stock.HandleAsync(context);
}
