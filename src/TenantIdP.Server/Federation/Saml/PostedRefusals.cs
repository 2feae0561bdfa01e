using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Saml;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Federation.Saml;

/// <summary>Refuses what anybody can post to a connection's addresses. Each refusal leaves an event and a trace, up to a number in a minute: a flood of forgeries must fill no table.</summary>
internal sealed class PostedRefusals(SignInRefusals refusals, RefusalBudget budget)
{
    public async Task<FailureFacts> OfResponseAsync(ConnectionSnapshot connection, SamlCheck failure, CancellationToken ct) => budget.TrySpend(connection.Id)
        ? await refusals.OfResponseAsync(connection, failure, null, null, ct)
        : FailureFacts.From(SignInErrors.UpstreamFailed) with { Status = StatusCodes.Status400BadRequest, RetryAfterSeconds = null, Advice = failure.Rule.Fix };

    /// <param name="error">What the person is told.</param>
    public async Task<FailureFacts> OfLogoutAsync(ConnectionSnapshot connection, SamlCheck failure, Error error, CancellationToken ct) => budget.TrySpend(connection.Id)
        ? await refusals.OfLogoutAsync(connection, failure, error, ct)
        : FailureFacts.From(error) with { Advice = failure.Rule.Fix };
}
