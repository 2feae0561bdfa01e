using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation;

/// <summary>What becomes of an answer that was asked for by a test: a trace and a page. This browser's session is neither read nor changed.</summary>
internal sealed class ConnectionTestFinish(SignInRehearsal rehearsal, ConnectionDirectory connections, TestResultCookie results, ActorContext actor)
{
    public async Task AnswerAsync(HttpContext context, Id<Connection> connection, TestRun test, ExternalIdentity external, CancellationToken ct)
    {
        if (await connections.FindAnyAsync(connection, ct) is not { } tested || tested.OrganizationId != test.OrganizationId)
        {
            FederationFinish.Show(context, FailureFacts.From(SignInErrors.ConnectionUnavailable));
            return;
        }

        actor.Actor = new Actor(test.StartedByKind, test.StartedBy);
        var trace = await rehearsal.RunAsync(test.OrganizationId, connection, tested.Version, external, actor.Actor, ct);
        Show(context, connection, test, trace.Id, ValuesOf(external));
    }

    /// <summary>The answer was wrong, or never came.</summary>
    public void Fail(HttpContext context, Id<Connection> connection, TestRun test, FailureFacts facts)
    {
        if (facts.Trace is { } trace) Show(context, connection, test, trace, []);
        else FederationFinish.Show(context, facts);
    }

    private void Show(HttpContext context, Id<Connection> connection, TestRun test, Id<SignInTrace> trace, IReadOnlyList<ReceivedValue> values)
    {
        results.Keep(context, connection, test.OrganizationId, trace, values);
        FederationFinish.SeeOther(context, FederationPaths.TestResult(connection));
    }

    private static List<ReceivedValue> ValuesOf(ExternalIdentity external)
    {
        (string Name, string? Value)[] all =
        [
            ("Issuer", external.Issuer), ("Subject", external.Subject), ("Email address", external.Email?.Value), ("Email verified", external.EmailVerified ? "yes" : "not said"),
            ("Name", external.Name.Display), ("Given name", external.Name.Given), ("Family name", external.Name.Family), ("Methods", string.Join(", ", external.Amr)),
            ("Values that give roles", external.RoleValues is null ? null : string.Join(", ", external.RoleValues)),
        ];
        return [.. from pair in all where !string.IsNullOrEmpty(pair.Value) select new ReceivedValue(pair.Name, pair.Value!)]; // filtered just before
    }
}
