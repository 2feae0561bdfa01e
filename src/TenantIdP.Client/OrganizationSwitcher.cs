using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using TenantIdP.Client.Sessions;

namespace TenantIdP.Client;

/// <summary>Moves a session to another organization with its refresh token, without a new sign-in where the organization's policy allows.</summary>
public sealed class OrganizationSwitcher
{
    private readonly SessionRefresher _refresher;
    private readonly TimeProvider _clock;

    internal OrganizationSwitcher(SessionRefresher refresher, TimeProvider clock) => (_refresher, _clock) = (refresher, clock);

    /// <summary>Switches the request's session.</summary>
    /// <param name="context">The request, signed in by <c>AddTenantIdP</c>.</param>
    /// <param name="organization">Id or slug.</param>
    /// <param name="ct">Ends the wait. A switch that has begun is completed.</param>
    public Task<SwitchResult> SwitchAsync(HttpContext context, string organization, CancellationToken ct) => SwitchAsync(context, organization, workspace: null, ct);

    /// <summary>Switches the request's session into a workspace of the organization.</summary>
    /// <param name="context">The request, signed in by <c>AddTenantIdP</c>.</param>
    /// <param name="organization">Id or slug.</param>
    /// <param name="workspace">The workspace's id or slug; null for the organization as a whole.</param>
    /// <param name="ct">Ends the wait. A switch that has begun is completed.</param>
    public Task<SwitchResult> SwitchAsync(HttpContext context, string organization, string? workspace, CancellationToken ct)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(organization);
        return GoAsync(context, new Target(organization, workspace), ct);
    }

    /// <summary>Refreshes now and stays in the organization: roles and permissions are read anew.</summary>
    /// <param name="context">The request, signed in by <c>AddTenantIdP</c>.</param>
    /// <param name="ct">Ends the wait. A refresh that has begun is completed.</param>
    public Task<SwitchResult> RefreshAsync(HttpContext context, CancellationToken ct) => GoAsync(context, target: null, ct);

    private async Task<SwitchResult> GoAsync(HttpContext context, Target? target, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await SessionCookie.KeyAsync(context) is not { } key)
            return new SwitchResult.SignedOut();

        var (outcome, session, description) = await _refresher.RefreshAsync(key, target, ct);
        if (outcome == RefreshOutcome.Ended)
        {
            await context.SignOutAsync(TenantIdPSchemes.Session);
            return new SwitchResult.SignedOut();
        }

        if (outcome == RefreshOutcome.Fresh && session is not null)
            context.User = session.PrincipalAt(_clock.GetUtcNow());

        return outcome switch
        {
            RefreshOutcome.Fresh => new SwitchResult.Switched(context.User),
            RefreshOutcome.AccessDenied => new SwitchResult.NotAMember(description),
            RefreshOutcome.InteractionRequired => new SwitchResult.InteractionRequired(ChallengeOf(session, target)),
            RefreshOutcome.Failed or RefreshOutcome.Ended => new SwitchResult.Unavailable(description),
        };
    }

    private static AuthenticationProperties ChallengeOf(Session? session, Target? target) => TenantIdPChallenge.For(
        target?.Organization ?? session?.Ticket.Principal.TenantIdP().OrganizationId, session?.Ticket.Principal.TenantIdP().Email, target?.Workspace);
}
