using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Tests.Invitations;

/// <summary>Invites people and opens their links, as inviters and invited people do.</summary>
internal sealed partial class InvitationScene(IdpHost idp)
{
    public const string NewPassword = "a first password of one's own";

    /// <summary>By an operator's app, unless a member does it.</summary>
    public async Task<Invitation> InviteAsync(Organization organization, NewInvitation wanted, CancellationToken ct, User? by = null, string role = BuiltInRoles.Owner)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var granter = by is null ? Granter.Instance : Granter.Holding([new HeldRole(role, BuiltInRoles.Of(role))]);
        if (by is not null) scope.ServiceProvider.GetRequiredService<ActorContext>().Actor = new Actor(ActorKind.User, by.Id.ToString());
        var made = await scope.ServiceProvider.GetRequiredService<InvitationService>().CreateAsync(organization.Id, wanted, granter, ct);
        return made.IsOk ? made.Value.Invitation ?? throw new InvalidOperationException("A member already.") : throw new InvalidOperationException(made.Error.Code);
    }

    public Task<Invitation> InviteAsync(Organization organization, string email, CancellationToken ct, params string[] roles) => InviteAsync(organization, new NewInvitation(email, roles), ct);

    /// <summary>The address in the newest of so many mails.</summary>
    public async Task<string> LinkAsync(string email, CancellationToken ct, int mails = 1)
    {
        var sent = await idp.MailsToAsync(email, mails, ct);
        return LinkIn(sent[^1].Text);
    }

    public static string LinkIn(string text) => Link().Match(text) is { Success: true } link ? link.Value : throw new InvalidOperationException($"No link in: {text}");

    public static string TokenOf(string link) => link[(link.LastIndexOf('/') + 1)..];

    /// <summary>Presses the button, on a page of ours.</summary>
    public Task<WebPage> AnswerAsync(WebBrowser browser, WebPage page, string answer, CancellationToken ct, Func<Uri, bool>? stopAt = null)
    {
        var button = page.Address.AbsoluteUri.StartsWith(idp.Issuer, StringComparison.Ordinal) ? page.Document.QuerySelector($"button[value='{answer}']") : null;
        return browser.SubmitAsync(page, new Dictionary<string, string>(), ct, stopAt: stopAt, button: button ?? throw new InvalidOperationException($"No {answer} on {page.Address}: {page.Text.Trim()}"));
    }

    public Task<Invitation> ReadAsync(Invitation invitation, CancellationToken ct) =>
        idp.ReadAsync(db => db.Invitations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(i => i.Id == invitation.Id, ct));

    public Task<List<Membership>> MembersAsync(Organization organization, CancellationToken ct) =>
        idp.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().Include(m => m.Roles).Where(m => m.OrganizationId == organization.Id).ToListAsync(ct));

    /// <summary>The keys of what the person holds there, with their sources.</summary>
    public Task<List<string>> RolesAsync(Organization organization, Id<User> user, CancellationToken ct) => idp.ReadAsync(db => (
        from m in db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
        where m.OrganizationId == organization.Id && m.UserId == user && m.Status == MembershipStatus.Active
        join h in db.MembershipRoles on new { m.OrganizationId, MembershipId = m.Id } equals new { h.OrganizationId, h.MembershipId }
        join r in db.Roles on h.RoleId equals r.Id
        orderby r.Key
        select r.Key + " " + h.Source).ToListAsync(ct));

    public Task<Id<User>> UserAsync(string email, CancellationToken ct)
    {
        var normalized = EmailAddress.Parse(email).Normalized;
        return idp.ReadAsync(db => db.UserEmails.Where(e => e.Normalized == normalized && e.VerifiedAt != null).Select(e => e.UserId).SingleAsync(ct));
    }

    /// <summary>Its time is over.</summary>
    public Task ExpireAsync(Invitation invitation, CancellationToken ct)
    {
        var past = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        return idp.ReadAsync(db => db.Invitations.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(i => i.Id == invitation.Id).ExecuteUpdateAsync(set => set.SetProperty(i => i.ExpiresAt, past), ct));
    }

    [GeneratedRegex(@"http\S+/invitations/tidp_inv_[A-Za-z0-9_-]+")]
    private static partial Regex Link();
}
