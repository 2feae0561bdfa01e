using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Saml;
using TenantIdP.Saml.Responses;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>
/// From a posted response to a sign-in, in two steps (DESIGN.md section 6.15). The post comes from another site and without our cookies: it is validated and kept. The browser then
/// comes back on our own origin, where its cookie says whether the response answers a request of its own.
/// </summary>
internal sealed class SamlSignIn(SamlParts parts, AssertionStore store, SamlIdentity identities, ReturnCookie returns, FederationFinish finish, SignInRefusals refusals)
{
    private const string Replayed = "assertion_replayed";

    /// <returns>The handle to come back with; null when a failure was shown.</returns>
    public async Task<string?> ReceiveAsync(HttpContext context, ConnectionSnapshot connection, SamlSettings settings, string encoded, CancellationToken ct)
    {
        var addresses = SamlAddresses.Of(parts.Issuer.Issuer, connection.Id);
        var keys = await parts.Keys.FindAsync(connection.OrganizationId, connection.Id, ct);
        var verdict = ResponseValidator.Validate(
            encoded,
            new ResponseRules
            {
                IdpEntityId = connection.Issuer,
                SigningCertificates = connection.Certificates,
                Audiences = [addresses.EntityId(settings), .. settings.EntityIdAliases],
                AcsUrls = [addresses.Acs, .. connection.AcsAliases],
                Now = parts.Clock.GetUtcNow(),
                ClockSkew = parts.Options.ClockSkew,
                DecryptionKeys = keys.Decryption,
                AllowSha1 = settings.AllowSha1,
                AllowAesCbc = settings.AllowAesCbc,
                RequireEncryption = settings.RequireEncryption,
                RefuseExpiredCertificates = settings.RefuseExpiredCertificates,
            });
        Trace(verdict.Checks);
        if (!verdict.IsOk)
        {
            FederationFinish.Show(context, await refusals.OfCheckAsync(connection.Id, null, verdict.Failure.Rule.Code, Summary(verdict.Failure), null, ct));
            return null;
        }

        if (await store.ReceiveAsync(connection.OrganizationId, connection.Id, verdict.Value, ct) is { } handle) return handle;
        const string fix = "This response was used before. Start the sign-in again at the application.";
        parts.Trace.Add("response", Replayed, TraceVerdict.Failed, "the assertion was received before", "one use", fix);
        FederationFinish.Show(context, await refusals.OfCheckAsync(connection.Id, null, Replayed, fix, null, ct));
        return null;
    }

    public async Task FinishAsync(HttpContext context, ConnectionSnapshot connection, SamlSettings settings, string handle, CancellationToken ct)
    {
        var response = await store.TakeAsync(connection.OrganizationId, connection.Id, handle, ct);
        if (response?.InResponseTo is not { } requestId || !returns.TryTake(context, connection.Id.ToString(), SamlChallenge.HandleOf(requestId), out var started) || started.RequestId is not { } sent)
        {
            // Another browser's request, or none: somebody may want this one to sign in as them (SECURITY.md A3, A14).
            FederationFinish.Show(context, await refusals.OfStateAsync(connection.Id, ct));
            return;
        }

        parts.Trace.Begin(started.Steps);
        if (!connection.IsLive && started.Test is null)
        {
            FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable, started.Back));
            return;
        }

        var request = new RequestFacts(sent, started.At, started.Fresh, parts.Options.ClockSkew, parts.Clock.GetUtcNow()) { RequestedContexts = settings.RequestedContexts };
        var verdict = ResponseValidator.Match(response, request);
        parts.Trace.Add("response", "response_validated", TraceVerdict.Passed, $"signed by {response.SignedBy[..12]}…{(response.WasEncrypted ? ", encrypted" : "")}");
        Trace(verdict.Checks);
        if (!verdict.IsOk)
        {
            await FailAsync(context, connection, started, verdict.Failure.Rule.Code, Summary(verdict.Failure), ct);
        }
        else if (identities.Read(connection, settings, response) is { } external)
        {
            await finish.SignInAsync(context, connection.Id, started, external, ct);
        }
        else
        {
            await FailAsync(context, connection, started, "subject", "The response does not name the person as this connection asks for. Send a persistent name identifier, or choose the attribute that never changes for a person as its subject.", ct);
        }
    }

    private async Task FailAsync(HttpContext context, ConnectionSnapshot connection, StartedSignIn started, string check, string fix, CancellationToken ct) =>
        finish.Fail(context, connection.Id, started, await refusals.OfCheckAsync(connection.Id, started.Test, check, fix, started.Back, ct));

    private void Trace(IReadOnlyList<SamlCheck> checks)
    {
        foreach (var check in checks)
        {
            var verdict = check.Outcome switch
            {
                SamlOutcome.Passed => TraceVerdict.Passed,
                SamlOutcome.Warned => TraceVerdict.Warned,
                SamlOutcome.Failed => TraceVerdict.Failed,
                SamlOutcome.Skipped => TraceVerdict.Skipped,
            };
            parts.Trace.Add(new TraceStep("response", check.Rule.Code, verdict, check.Seen, check.Expected, check.Rule.Clause, verdict is TraceVerdict.Failed or TraceVerdict.Warned ? check.Rule.Fix : null));
        }
    }

    private static string Summary(SamlCheck failure) => $"{failure.Seen} {failure.Rule.Fix}";
}

/// <summary>What judging a response needs besides the response.</summary>
internal sealed record SamlParts(ServiceProviderKeyCache Keys, SamlOptions Options, IssuerOptions Issuer, TraceRecorder Trace, TimeProvider Clock);
