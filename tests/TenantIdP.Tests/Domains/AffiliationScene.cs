using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Domains;

/// <summary>Organizations with a claim and an owner's token for the management API, and the mailboxes at their hosts.</summary>
internal sealed partial class AffiliationScene(IdpHost idp)
{
    private RelyingParty? app;

    private string Api => $"{idp.Issuer}/api/v1";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <param name="Token">Of an owner of the organization.</param>
    public sealed record Claim(Organization Organization, OrganizationDomain Domain, string Host, string Token)
    {
        public string Path => $"organizations/{Organization.Id}/domains/{Domain.Id}";
    }

    public async Task<Claim> ClaimAsync(string? host = null, AssignmentMode mode = AssignmentMode.Suggest)
    {
        var (organization, name) = (await idp.CreateOrganizationAsync(Ct), host ?? idp.UniqueHost());
        var domain = await idp.UseAsync<DomainService, OrganizationDomain>(s => s.ClaimAsync(organization.Id, name, true, Ct), organization.Id);
        await AssignAsync(organization, domain, mode);
        return new Claim(organization, domain, name, await TokenAsync(organization, BuiltInRoles.Owner));
    }

    /// <summary>Of a new member with this role, for the management API.</summary>
    public async Task<string> TokenAsync(Organization organization, string role)
    {
        var person = await idp.CreateUserAsync($"{idp.Unique("m")}@elsewhere.example", Ct);
        await idp.AddMemberAsync(organization, person, Ct, role);
        app ??= await idp.CreateAppAsync(Ct, wanted => wanted with { Apis = [Api] });
        var (browser, _) = await idp.SignedInAsync(person, Ct);
        using var signedIn = browser;
        return (await IdpHost.TokensAsync(signedIn, app, Ct, ("resource", Api))).AccessToken;
    }

    public Task<OrganizationDomain> AssignAsync(Organization organization, OrganizationDomain domain, AssignmentMode mode) =>
        idp.UseAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(organization.Id, domain.Id, new DomainChanges { Assignment = mode, DefaultRole = BuiltInRoles.Guest }, Granter.Instance, null, Ct), organization.Id);

    /// <summary>Affiliated by a mailbox of its own.</summary>
    public async Task<Claim> AffiliatedAsync(string? host = null, AssignmentMode mode = AssignmentMode.Suggest)
    {
        var claim = await ClaimAsync(host, mode);
        var affiliated = await OkAsync(await ConfirmAsync(claim, await MailedAsync(claim)));
        Assert.Equal("email", affiliated.GetProperty("affiliatedBy").GetString());
        return claim;
    }

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string token, object? body = null)
    {
        using var request = new HttpRequestMessage(method, $"{Api}/{path}") { Content = body is null ? null : JsonContent.Create(body) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await idp.Http.SendAsync(request, Ct);
    }

    public Task<HttpResponseMessage> RequestAsync(Claim claim, string email, string? locale = null) => SendAsync(HttpMethod.Post, claim.Path + "/affiliation", claim.Token, new { email, locale });

    public Task<HttpResponseMessage> ConfirmAsync(Claim claim, string code) => SendAsync(HttpMethod.Post, claim.Path + "/affiliation/confirm", claim.Token, new { code });

    /// <summary>The code that comes to a new mailbox at the host, as it stands in the mail.</summary>
    public async Task<string> MailedAsync(Claim claim)
    {
        var mailbox = $"{idp.Unique("it")}@{claim.Host}";
        await OkAsync(await RequestAsync(claim, mailbox), HttpStatusCode.Accepted);
        return CodeIn((await idp.MailsToAsync(mailbox, 1, Ct))[0].Text);
    }

    public static string CodeIn(string text) => Code().Match(text) is { Success: true } found ? found.Value : throw new InvalidOperationException($"No code in: {text}");

    public static async Task<JsonElement> OkAsync(HttpResponseMessage answer, HttpStatusCode status = HttpStatusCode.OK)
    {
        var text = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode} {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    public async Task<IReadOnlyList<Opening>> OpeningsAsync(User user)
    {
        var (browser, session) = await idp.SignedInAsync(user, Ct);
        browser.Dispose();
        return await idp.InScopeAsync<DomainJoins, IReadOnlyList<Opening>>(joins => joins.AtSignInAsync(session, Ct));
    }

    /// <summary>The person asks, as the page does.</summary>
    public async Task<Result<JoinRequest>> AskAsync(User user, Organization organization)
    {
        var (browser, session) = await idp.SignedInAsync(user, Ct);
        browser.Dispose();
        return await idp.TryAsync<DomainJoins, JoinRequest>(j => j.AskAsync(session, organization.Id, Ct));
    }

    public Task<HttpResponseMessage> ApproveAsync(Claim claim, JoinRequest request) => SendAsync(HttpMethod.Post, $"organizations/{claim.Organization.Id}/join-requests/{request.Id}/approve", claim.Token);

    /// <summary>As if the code or the affiliation were this much older.</summary>
    public async Task AgeAsync(Claim claim, TimeSpan by)
    {
        var (id, now) = (claim.Domain.Id, TimeProvider.System.GetUtcNow());
        await idp.ReadAsync(db => db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(d => d.Id == id && d.AffiliatedAt != null).ExecuteUpdateAsync(set => set.SetProperty(d => d.AffiliatedAt, now - by), Ct));
        await idp.ReadAsync(db => db.DomainAffiliationCodes.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(c => c.DomainId == id).ExecuteUpdateAsync(set => set.SetProperty(c => c.ExpiresAt, now + DomainAffiliationCode.Life - by), Ct));
    }

    public Task<OrganizationDomain> FindAsync(Claim claim) =>
        idp.ReadAsync(db => db.Domains.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleAsync(d => d.Id == claim.Domain.Id, Ct));

    /// <summary>The data of the claim's events of a type.</summary>
    public Task<List<string>> EventsAsync(Claim claim, string type) => idp.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter])
        .Where(e => e.OrganizationId == claim.Organization.Id && e.Type == type && e.TargetId == claim.Domain.Id.ToString()).OrderBy(e => e.Id).Select(e => e.Data).ToListAsync(Ct));

    [GeneratedRegex(@"\b[B-Z]{4}-[B-Z]{4}\b")]
    private static partial Regex Code();
}
