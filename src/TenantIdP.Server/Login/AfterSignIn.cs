using TenantIdP.Core.Joining;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;

namespace TenantIdP.Server.Login;

/// <summary>What comes between a finished sign-in and the app: memberships by domain, and the question whether the person wants one.</summary>
internal sealed class AfterSignIn(SignInFlow flow, DomainJoins joins, RealmCookie realm, SkippedJoinsCookie skipped)
{
    /// <summary>As <see cref="SignInFlow.FindAsync"/>.</summary>
    public Task<PendingSignIn?> FindAsync(string? back, CancellationToken ct) => flow.FindAsync(back, ct);

    public async Task<string> NextAsync(HttpContext context, PendingSignIn pending, SignedIn signedIn, CancellationToken ct)
    {
        if (signedIn.Organization is not null && signedIn.Session.Proofs[^1].ConnectionId is { } connection) realm.Keep(context, connection);
        var open = (await joins.AtSignInAsync(signedIn.Session, ct)).Where(o => o.IsOpen).ToList();
        var next = flow.Next(pending, signedIn);
        if (open.Count == 0) return next;

        // An app that asks for one organization is not kept waiting by another.
        if (pending.Request?.Organization is { } pinned) open = [.. open.Where(o => o.Organization.ToString() == pinned || o.Slug.Value == pinned)];
        var known = skipped.Find(context, signedIn.Session.UserId);
        return open.All(o => known.Contains(o.Organization)) ? next : JoinModel.UrlOf(pending.Return is null ? null : next);
    }
}
