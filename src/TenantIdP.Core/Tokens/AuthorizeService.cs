using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Tokens;

/// <summary>Decides an authorization request for the browser's session, if it has one. Reads across organizations: memberships of one person.</summary>
public sealed class AuthorizeService(IdpDbContext db, AccessReader reader, BreakGlass breakGlass, TimeProvider clock)
{
    /// <param name="session">A live session, or null.</param>
    public async Task<AuthorizeDecision> DecideAsync(AuthorizationRequest request, Session? session, CancellationToken ct)
    {
        if (request.Interaction.Cancelled) return new AuthorizeDecision.Refuse("access_denied", "The person cancelled the sign-in.");
        var silent = request.Prompt.Contains("none");
        if (silent && request.Prompt.Count > 1) return new AuthorizeDecision.Refuse("invalid_request", "prompt=none stands alone.");

        Organization? pinned = null;
        if (request.Organization is { } named)
        {
            pinned = await FindAsync(named, ct);
            if (pinned is not { Status: OrganizationStatus.Active }) return new AuthorizeDecision.Refuse("access_denied", OrganizationSwitch.UnknownTarget.Description);
        }

        WorkspaceName? workspace = request.Workspace is { } called && !WorkspaceName.IsNone(called) ? WorkspaceName.Of(called) : null;
        if (workspace is { } asked && asked.Slug is null && (asked.Id is null || pinned is null)) return WorkspaceUnknown;

        // Before who it is: the invited person may have no account yet.
        if (request.Invitation is not null && !request.Interaction.Invited)
            return silent ? new AuthorizeDecision.Refuse("interaction_required", "The person must answer the invitation.") : new AuthorizeDecision.AskAboutInvitation();

        // Without any fresh proof the one that will count can't be fresh: no organization need be chosen to know it.
        if (session is null || session.Proofs.All(p => IsStale(request, p))) return SignIn(silent);

        if (request.Prompt.Contains("select_account") && !request.Interaction.Selected) return new AuthorizeDecision.ChooseOrganization();

        var target = pinned?.Id ?? request.Interaction.Chosen;
        if (target is null)
        {
            var memberships = await MembershipsAsync(session, ct);
            switch (memberships)
            {
                case [var only]:
                    target = only;
                    break;
                case { Count: > 1 }:
                    return silent ? new AuthorizeDecision.Refuse("account_selection_required", "The person must choose an organization.") : new AuthorizeDecision.ChooseOrganization();
                default:
                    if (request.App.RequireOrganization) return new AuthorizeDecision.Refuse("access_denied", "The person is in no organization.");
                    break;
            }
        }

        var facts = await reader.ReadAsync(session.UserId, session.Id, target, workspace, session.Proofs, ct);
        if (facts is null) return new AuthorizeDecision.Refuse("access_denied", "The account no longer exists.");
        var judgement = AccessPolicy.Judge(facts);
        switch (judgement.Verdict)
        {
            case Verdict.Granted when workspace is not null && facts.Workspace is null:
                return WorkspaceUnknown;
            case Verdict.Granted when judgement.Proof is { } proof:
                if (IsStale(request, proof)) return ProveAgain(request, session, proof, target, silent);
                if (await MustAskAsync(request, session, ct))
                    return silent ? new AuthorizeDecision.Refuse("consent_required", "The person must be asked what the app may have.") : new AuthorizeDecision.AskConsent(facts);
                if (judgement.IsBreakGlass) await breakGlass.RecordAsync(facts, proof, session.Id, ct);
                return new AuthorizeDecision.Issue(facts, proof, session);
            case Verdict.GrantDead:
                if (facts.UserStatus != Users.UserStatus.Active) return new AuthorizeDecision.Refuse("access_denied", "The account is suspended.");
                return !silent && HasProvenNow(request, session) ? NotEnough : SignIn(silent);
            case Verdict.NotAMember:
                return new AuthorizeDecision.Refuse("access_denied", OrganizationSwitch.UnknownTarget.Description);
            case Verdict.SsoRequired or Verdict.ProofRequired when silent:
                return new AuthorizeDecision.Refuse("interaction_required", "The organization asks for a sign-in of its own.");
            default:
                return await StepUpAsync(request, session, judgement.Verdict, target, ct);
        }
    }

    /// <summary>By id or, for anything not of the form of an id, by slug: its own or one that it had until not long ago.</summary>
    public async Task<Organization?> FindAsync(string idOrSlug, CancellationToken ct)
    {
        if (Id<Organization>.TryParse(idOrSlug, out var id)) return await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == id, ct);
        if (!Slug.TryParse(idOrSlug, out var slug)) return null;
        if (await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Slug == slug, ct) is { } found) return found;
        return await db.FormerOwnerAsync(slug, clock.GetUtcNow(), ct) is { } former ? await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == former, ct) : null;
    }

    /// <summary>The organization of a workspace that is named by its id. The workspaces of all organizations, because the tenant is the answer; who may enter is judged after that.</summary>
    public async Task<Id<Organization>?> OrganizationOfAsync(Id<Workspace> workspace, CancellationToken ct) =>
        await db.Workspaces.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(w => w.Id == workspace && w.Status == WorkspaceStatus.Active).Select(w => (Id<Organization>?)w.OrganizationId).SingleOrDefaultAsync(ct);

    private async Task<List<Id<Organization>>> MembershipsAsync(Session session, CancellationToken ct) =>
        await (from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
               join o in db.Organizations on m.OrganizationId equals o.Id
               where m.UserId == session.UserId && m.Status == MembershipStatus.Active && o.Status == OrganizationStatus.Active
               orderby o.Id
               select o.Id).Take(2).ToListAsync(ct);

    /// <summary>Sends the person to where a proof that counts comes from. Whoever has been there in this very request and still may not enter is refused, or they would go in circles.</summary>
    private async Task<AuthorizeDecision> StepUpAsync(AuthorizationRequest request, Session session, Verdict verdict, Id<Organization>? target, CancellationToken ct)
    {
        if (target is not { } organization) return HasProvenNow(request, session) ? NotEnough : new AuthorizeDecision.SignIn();
        // Of several, the one that knows the person; any of them will do.
        var user = session.UserId;
        var connection = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
            .Where(c => c.OrganizationId == organization && c.Status == ConnectionStatus.Active)
            .OrderBy(c => db.UserIdentities.Any(i => i.UserId == user && i.ConnectionId == c.Id) ? 0 : 1).ThenBy(c => c.Id).Select(c => (Id<Connection>?)c.Id).FirstOrDefaultAsync(ct);
        if (connection is null && verdict == Verdict.SsoRequired) return new AuthorizeDecision.Refuse("access_denied", "The organization requires its own sign-in, which is switched off.");
        var beenThere = connection is null ? HasProvenNow(request, session) : session.Proofs.Any(p => p.OrganizationId == organization && p.At >= request.Interaction.StartedAt);
        return beenThere ? NotEnough : new AuthorizeDecision.StepUp(organization, connection);
    }

    /// <summary>The proof that counts is too old for this request (OpenID Connect Core section 3.1.2.1); a newer one that doesn't count here changes nothing.</summary>
    private static AuthorizeDecision ProveAgain(AuthorizationRequest request, Session session, SessionProof proof, Id<Organization>? target, bool silent)
    {
        if (silent) return SignIn(silent);
        // At its own connection it is made anew; elsewhere a person could prove something else for ever.
        if (target is { } organization && proof.OrganizationId == organization) return new AuthorizeDecision.StepUp(organization, proof.ConnectionId);
        return HasProvenNow(request, session) ? NotEnough : new AuthorizeDecision.SignIn();
    }

    /// <summary>What was allowed before is not asked again unless the app wants it asked. The answer is a row of ours: nothing that a browser brings says that somebody agreed.</summary>
    private async Task<bool> MustAskAsync(AuthorizationRequest request, Session session, CancellationToken ct)
    {
        var again = request.Prompt.Contains("consent");
        if (request.Scopes is not { } scopes || !(request.App.RequireConsent || again)) return false;
        return !await db.HasAllowedAsync(session.UserId, request.App.Id, scopes, request.Api, again ? request.Interaction.StartedAt : null, ct);
    }

    private static readonly AuthorizeDecision WorkspaceUnknown = new AuthorizeDecision.Refuse(OrganizationSwitch.UnknownWorkspace.Error, OrganizationSwitch.UnknownWorkspace.Description);

    private static readonly AuthorizeDecision NotEnough = new AuthorizeDecision.Refuse("access_denied", "The sign-in that was made does not count in this organization.");

    private static AuthorizeDecision SignIn(bool silent) => silent ? new AuthorizeDecision.Refuse("login_required", "The person must sign in.") : new AuthorizeDecision.SignIn();

    private static bool HasProvenNow(AuthorizationRequest request, Session session) => session.Proofs.Any(p => p.At >= request.Interaction.StartedAt);

    private bool IsStale(AuthorizationRequest request, SessionProof proof)
    {
        if (proof.At >= request.Interaction.StartedAt) return false;
        return request.Prompt.Contains("login") || (request.MaxAge is { } seconds && clock.GetUtcNow() - proof.At > TimeSpan.FromSeconds(seconds));
    }
}
