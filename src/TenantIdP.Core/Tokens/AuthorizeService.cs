using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Tokens;

/// <summary>Decides an authorization request for the browser's session, if it has one. Reads across organizations: memberships of one person.</summary>
public sealed class AuthorizeService(IdpDbContext db, AccessReader reader, TimeProvider clock)
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

        if (session is null || session.Proofs.Count == 0 || MustProveAgain(request, session))
            return silent ? new AuthorizeDecision.Refuse("login_required", "The person must sign in.") : new AuthorizeDecision.SignIn();

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

        var facts = await reader.ReadAsync(session.UserId, session.Id, target, session.Proofs, ct);
        if (facts is null) return new AuthorizeDecision.Refuse("access_denied", "The account no longer exists.");
        var judgement = AccessPolicy.Judge(facts);
        switch (judgement.Verdict)
        {
            case Verdict.Granted:
                return new AuthorizeDecision.Issue(facts, judgement.Proof!, session); // a granted judgement names its proof
            case Verdict.GrantDead:
                return facts.UserStatus != Users.UserStatus.Active
                    ? new AuthorizeDecision.Refuse("access_denied", "The account is suspended.")
                    : silent ? new AuthorizeDecision.Refuse("login_required", "The person must sign in.") : new AuthorizeDecision.SignIn();
            case Verdict.NotAMember:
                return new AuthorizeDecision.Refuse("access_denied", OrganizationSwitch.UnknownTarget.Description);
            case Verdict.SsoRequired or Verdict.ProofRequired when silent:
                return new AuthorizeDecision.Refuse("interaction_required", "The organization asks for a sign-in of its own.");
            default:
                if (target is not { } organization) return new AuthorizeDecision.SignIn();
                var connection = await db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
                    .Where(c => c.OrganizationId == organization && c.Status == ConnectionStatus.Active)
                    .OrderBy(c => c.Id).Select(c => (Id<Connection>?)c.Id).FirstOrDefaultAsync(ct);
                return new AuthorizeDecision.StepUp(organization, connection);
        }
    }

    /// <summary>By id or, for anything not of the form of an id, by slug.</summary>
    public async Task<Organization?> FindAsync(string idOrSlug, CancellationToken ct)
    {
        if (Id<Organization>.TryParse(idOrSlug, out var id)) return await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Id == id, ct);
        return Slug.TryParse(idOrSlug, out var slug) ? await db.Organizations.AsNoTracking().SingleOrDefaultAsync(o => o.Slug == slug, ct) : null;
    }

    private async Task<List<Id<Organization>>> MembershipsAsync(Session session, CancellationToken ct) =>
        await (from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
               join o in db.Organizations on m.OrganizationId equals o.Id
               where m.UserId == session.UserId && m.Status == MembershipStatus.Active && o.Status == OrganizationStatus.Active
               orderby o.Id
               select o.Id).Take(2).ToListAsync(ct);

    private bool MustProveAgain(AuthorizationRequest request, Session session)
    {
        var newest = session.Proofs.Max(p => p.At);
        if (request.Prompt.Contains("login") && newest < request.Interaction.StartedAt) return true;
        return request.MaxAge is { } seconds && clock.GetUtcNow() - newest > TimeSpan.FromSeconds(seconds) && newest < request.Interaction.StartedAt;
    }
}
