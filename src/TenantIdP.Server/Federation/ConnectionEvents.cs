using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation;

/// <summary>Our rules on top of the handler's, at the moments it offers, in their order. One instance per request.</summary>
internal sealed class ConnectionEvents(ConnectionDirectory connections, FederationFinish finish, ReturnCookie returns, SignInRefusals refusals, TraceRecorder trace, TimeProvider clock) : OpenIdConnectEvents
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 32 };

    private string reason = "state";
    private bool isTest;

    public override Task RedirectToIdentityProvider(RedirectContext context)
    {
        if (context.Properties.Items.TryGetValue(OidcChallenge.LoginHintItem, out var hint)) context.ProtocolMessage.LoginHint = hint;
        if (context.Properties.Items.ContainsKey(OidcChallenge.FreshItem)) context.ProtocolMessage.Prompt = "login";
        return Task.CompletedTask;
    }

    public override async Task MessageReceived(MessageReceivedContext context)
    {
        // As our own state says; whose test it is stands in the browser's cookie.
        isTest = context.Properties?.Items.ContainsKey(OidcChallenge.TestItem) == true;
        if (await ConnectionAsync(context) is not null) return;
        // Not active looks like unknown (SECURITY.md A9).
        context.HandleResponse();
        FederationFinish.Show(context.HttpContext, FailureFacts.From(SignInErrors.ConnectionUnavailable));
    }

    public override async Task AuthorizationCodeReceived(AuthorizationCodeReceivedContext context)
    {
        reason = "issuer";
        // RFC 9207 section 2.4: an answer that names an issuer names ours. Before the code is sent anywhere.
        if (context.ProtocolMessage.GetParameter("iss") is { } named)
        {
            var configuration = await context.Options.ConfigurationManager!.GetConfigurationAsync(context.HttpContext.RequestAborted); // ConnectionOptions always sets it
            if (await ConnectionAsync(context) is not { } connection || named != UpstreamMetadataRules.ExpectedIssuer(connection, configuration.Issuer)) throw Refused("response_issuer", "The answer names another issuer.");
        }

        reason = "token_request";
    }

    public override Task TokenResponseReceived(TokenResponseReceivedContext context)
    {
        reason = "id_token";
        return Task.CompletedTask;
    }

    public override async Task TokenValidated(TokenValidatedContext context)
    {
        if (await ConnectionAsync(context) is not { } connection) throw Refused("connection_active", "The connection is no longer active.");
        using var payload = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(context.SecurityToken.RawPayload), Strict);
        var claims = payload.RootElement;
        if (Refusal(claims, connection) is var (check, why)) throw Refused(check, why);

        context.HttpContext.Features.Set(new UpstreamAnswer(context.SecurityToken.Issuer, UpstreamClaims.Read(claims, connection.SubjectClaim) with { RoleValues = UpstreamClaims.Roles(claims, connection.SsoRoles) }));
        reason = "userinfo";
    }

    public override async Task UserInformationReceived(UserInformationReceivedContext context)
    {
        // The base has compared the subjects. Only what the id token left out is taken from here, an address with its own flag.
        if (await ConnectionAsync(context) is not { } connection || context.HttpContext.Features.Get<UpstreamAnswer>() is not { } answer) return;
        var said = UpstreamClaims.Read(context.User.RootElement, connection.SubjectClaim);
        var name = answer.Claims.Name.Display is null ? said.Name : answer.Claims.Name;
        context.HttpContext.Features.Set(answer with { Claims = answer.Claims with { Email = said.Email, EmailVerified = said.EmailVerified, Name = name } });
    }

    public override async Task TicketReceived(TicketReceivedContext context)
    {
        context.HandleResponse();
        var (http, id, ct) = (context.HttpContext, ConnectionId(context.Scheme), context.HttpContext.RequestAborted);
        // The path and the state name the same connection, or there would be no properties.
        if (!TryTakeStarted(http, id, context.Properties, out var started) || http.Features.Get<UpstreamAnswer>() is not { } answer)
        {
            FederationFinish.Show(http, await refusals.OfStateAsync(id, ConnectionKind.Oidc, ct));
            return;
        }

        AddPassed(answer.Issuer);
        var claims = answer.Claims;
        var external = new ExternalIdentity(answer.Issuer, claims.Subject ?? "", claims.Email, claims.EmailVerified, claims.Name, claims.Amr) { RoleValues = claims.RoleValues };
        await finish.SignInAsync(http, id, ConnectionKind.Oidc, started, external, ct);
    }

    public override async Task RemoteFailure(RemoteFailureContext context)
    {
        var (http, id, ct) = (context.HttpContext, ConnectionId(context.Scheme), context.HttpContext.RequestAborted);
        context.HandleResponse();
        // Without properties the state is not one that we made for this connection, so nothing in the request is believed.
        if (IsCorrelation(context.Failure) || !TryTakeStarted(http, id, context.Properties, out var started))
        {
            FederationFinish.Show(http, await refusals.OfStateAsync(id, ConnectionKind.Oidc, ct));
            return;
        }

        if (http.Request.Query.ContainsKey("error")) reason = "refused_upstream";
        var facts = started.Test is { } test
            ? await refusals.OfTestAsync(id, test, context.Failure, reason, ct)
            : await refusals.OfUpstreamAsync(id, context.Failure, reason, started.Back, ct);
        finish.Fail(http, id, started, facts);
    }

    private bool TryTakeStarted(HttpContext context, Id<Connection> connection, AuthenticationProperties? properties, [NotNullWhen(true)] out StartedSignIn? started)
    {
        started = null;
        if (properties is null || !properties.Items.TryGetValue(OidcChallenge.HandleItem, out var handle) || handle is null) return false;
        if (!returns.TryTake(context, connection.ToString(), handle, out started)) return false;
        trace.Begin(started.Steps);
        return true;
    }

    /// <summary>The handler's checks end at the first that fails: here they have all passed.</summary>
    private void AddPassed(string issuer)
    {
        trace.Add("response", "state", TraceVerdict.Passed, "started in this browser");
        trace.Add("response", "code_redeemed", TraceVerdict.Passed);
        trace.Add("response", "signature", TraceVerdict.Passed);
        trace.Add("response", "issuer", TraceVerdict.Passed, issuer);
        foreach (var check in new[] { "audience", "lifetime", "nonce", "subject_claim" }) trace.Add("response", check, TraceVerdict.Passed);
    }

    // Thrown and not given to Fail, which would lose the properties and with them the way back to the app.
    private static AnswerRefusedException Refused(string check, string why) => new(check, why);

    // The handler gives this failure no type or code of its own.
    private static bool IsCorrelation(Exception? failure) => failure is AuthenticationFailureException { InnerException: null, Message: "Correlation failed." };

    private (string Check, string Why)? Refusal(JsonElement claims, ConnectionSnapshot connection)
    {
        // OpenID Connect Core section 3.1.3.7, items 4 and 5: several audiences need an authorized party, and it is us.
        if (claims.TryGetProperty("aud", out var audience) && audience.ValueKind == JsonValueKind.Array && audience.GetArrayLength() > 1 && UpstreamClaims.Text(claims, "azp") is null)
            return ("authorized_party", "Several audiences without an authorized party.");
        if (claims.TryGetProperty("azp", out _) && UpstreamClaims.Text(claims, "azp") != connection.ClientId) return ("authorized_party", "Another authorized party.");
        if (UpstreamClaims.Number(claims, "iat") is not { } issued || DateTimeOffset.FromUnixTimeSeconds(issued) > clock.GetUtcNow() + ConnectionOptions.ClockSkew) return ("issued_at", "No time of issue, or one to come.");
        if (connection.TenantId is { } tenant && UpstreamClaims.Text(claims, "tid") != tenant) return ("tenant", "Another tenant.");
        return string.IsNullOrEmpty(UpstreamClaims.Text(claims, connection.SubjectClaim)) ? ("subject_claim", "The subject is not a text.") : null;
    }

    private Task<ConnectionSnapshot?> ConnectionAsync(BaseContext<OpenIdConnectOptions> context)
    {
        var (id, ct) = (ConnectionId(context.Scheme), context.HttpContext.RequestAborted);
        return isTest ? connections.FindAnyAsync(id, ct) : connections.FindAsync(id, ct);
    }

    private static Id<Connection> ConnectionId(AuthenticationScheme scheme) => Id<Connection>.Parse(scheme.Name, CultureInfo.InvariantCulture);
}
