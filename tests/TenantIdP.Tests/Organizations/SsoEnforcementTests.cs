using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Organizations;

/// <summary>What may be required of whom, and what has to be so before.</summary>
public abstract class SsoEnforcementTests(IdpHost idp)
{
    private static readonly Granter AnOwner = Granter.Holding([new HeldRole(BuiltInRoles.Owner, BuiltInRoles.Of(BuiltInRoles.Owner))]);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task<(Organization Organization, User Owner)> OrganizationAsync()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var owner = await idp.CreateUserAsync($"owner@{idp.UniqueHost()}", Ct);
        await idp.AddMemberAsync(organization, owner, Ct, BuiltInRoles.Owner);
        return (organization, owner);
    }

    private async Task<Error?> SetAsync(Organization organization, NewSsoEnforcement wanted, Granter? granter = null) =>
        (await idp.TryAsync<SsoEnforcementService, Organization>(s => s.SetAsync(organization.Id, wanted, granter ?? Granter.Instance, null, Ct))).Error;

    [Fact]
    public async Task It_needs_a_connection_a_proven_domain_and_a_test_of_the_last_day()
    {
        var (organization, _) = await OrganizationAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var required = new NewSsoEnforcement(SsoMode.Required);

        Assert.Equal("require_sso_needs_connection", (await SetAsync(organization, required))?.Code);
        var connection = await idp.ConnectAsync(organization, upstream, Ct);
        Assert.Equal("require_sso_needs_connection", (await SetAsync(organization, required))?.Code);
        await idp.VerifyDomainAsync(organization, Ct);
        Assert.Equal("sso_untested", (await SetAsync(organization, required, AnOwner))?.Code);
        await TestedAsync(connection, TimeSpan.FromHours(25));
        Assert.Equal("sso_untested", (await SetAsync(organization, required, AnOwner))?.Code);
        await TestedAsync(connection, TimeSpan.FromHours(23));
        Assert.Null(await SetAsync(organization, required with { RolloutPercent = 10 }, AnOwner));

        // The next stage asks for a test again; naming people and switching off don't.
        await TestedAsync(connection, TimeSpan.FromHours(25));
        Assert.Equal("sso_untested", (await SetAsync(organization, required with { RolloutPercent = 50 }, AnOwner))?.Code);
        Assert.Null(await SetAsync(organization, required with { RolloutPercent = 10, BreakGlass = [] }, AnOwner));
        Assert.Null(await SetAsync(organization, new NewSsoEnforcement(SsoMode.Optional), AnOwner));
    }

    private Task<int> TestedAsync(Connection connection, TimeSpan ago)
    {
        DateTimeOffset? at = TimeProvider.System.GetUtcNow() - ago;
        return idp.ReadAsync(db =>
        {
            db.EnterOrganization(connection.OrganizationId);
            return db.Connections.Where(c => c.Id == connection.Id).ExecuteUpdateAsync(set => set.SetProperty(c => c.TestedAt, at), Ct);
        });
    }

    [Fact]
    public async Task What_makes_no_sense_or_would_spare_the_powerful_is_refused()
    {
        var (organization, owner) = await OrganizationAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await idp.ConnectAsync(organization, upstream, Ct);
        await idp.VerifyDomainAsync(organization, Ct);
        var member = await idp.CreateUserAsync($"member@{idp.UniqueHost()}", Ct);
        await idp.AddMemberAsync(organization, member, Ct);
        var bare = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new($"bare@{idp.UniqueHost()}", true)], "Bare", null, null, null), Ct));
        await idp.AddMemberAsync(organization, bare, Ct, BuiltInRoles.Owner);
        var required = new NewSsoEnforcement(SsoMode.Required);
        var except = new NewSsoEnforcement(SsoMode.RequiredExceptRoles);

        Assert.Equal("rollout_invalid", (await SetAsync(organization, required with { RolloutPercent = 0 }))?.Code);
        Assert.Equal("rollout_invalid", (await SetAsync(organization, required with { RolloutPercent = 101 }))?.Code);
        Assert.Equal("sso_roles_invalid", (await SetAsync(organization, except))?.Code);
        Assert.Equal("sso_roles_invalid", (await SetAsync(organization, required with { ExceptRoles = ["guest"] }))?.Code);
        Assert.Equal("sso_roles_invalid", (await SetAsync(organization, required with { RolloutRoles = [] }))?.Code);
        Assert.Equal("sso_role_unknown", (await SetAsync(organization, except with { ExceptRoles = ["never-heard-of"] }))?.Code);
        foreach (var role in new[] { BuiltInRoles.Owner, BuiltInRoles.Admin }) Assert.Equal("sso_role_privileged", (await SetAsync(organization, except with { ExceptRoles = ["guest", role] }))?.Code);
        foreach (var named in new[] { member.Id, bare.Id, (await OrganizationAsync()).Owner.Id }) // no owner, no password, another's
            Assert.Equal("break_glass_invalid", (await SetAsync(organization, required with { BreakGlass = [owner.Id, named] }))?.Code);
        Assert.Null(await SetAsync(organization, required with { BreakGlass = [owner.Id] }));
        Assert.Equal([owner.Id], (await idp.UseAsync<OrganizationService, Organization>(s => s.FindAsync(organization.Id, Ct))).Sso.BreakGlass);
    }

    [Fact]
    [Trait("Attack", "B2")]
    public async Task By_the_API_it_is_read_and_set_and_the_mail_names_the_issuer_whatever_the_headers_say()
    {
        var (organization, owner) = await OrganizationAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await idp.ConnectAsync(organization, upstream, Ct);
        await idp.VerifyDomainAsync(organization, Ct);
        var bootstrap = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        var token = (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken;
        async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, object? body = null)
        {
            using var request = new HttpRequestMessage(method, $"{idp.Issuer}/api/v1/organizations/{organization.Id}{path}") { Content = body is null ? null : JsonContent.Create(body) };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            foreach (var (name, value) in new[] { ("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example"), ("X-Original-Host", "evil.example") }) request.Headers.Add(name, value);
            return await idp.Http.SendAsync(request, Ct);
        }

        var set = await SendAsync(HttpMethod.Put, "/sso-enforcement", new { mode = "required_except_roles", exceptRoles = new[] { "guest" }, rolloutPercent = 25, breakGlass = new[] { owner.Id.ToString() } });
        Assert.True(set.StatusCode == HttpStatusCode.OK, await set.Content.ReadAsStringAsync(Ct));
        var read = await (await SendAsync(HttpMethod.Get, "/sso-enforcement")).Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal(("required_except_roles", 25, owner.Id.ToString()), (read.GetProperty("mode").GetString(), read.GetProperty("rolloutPercent").GetInt32(), read.GetProperty("breakGlass")[0].GetString()));
        var whole = await (await SendAsync(HttpMethod.Get, "")).Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.True(whole.GetProperty("requireSso").GetBoolean());
        Assert.Equal("guest", whole.GetProperty("ssoEnforcement").GetProperty("exceptRoles")[0].GetString());
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Put, "/sso-enforcement", new { exceptRoles = new[] { "guest" } }), HttpStatusCode.BadRequest, "validation_failed", Ct);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Put, "/sso-enforcement", new { mode = "required", rolloutPercent = 0 }), HttpStatusCode.BadRequest, "validation_failed", Ct);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/sso-enforcement/unlock", new { reason = "Locked out" })).StatusCode);
        await AssertProblem.IsAsync(await SendAsync(HttpMethod.Post, "/sso-enforcement/unlock", new { reason = "" }), HttpStatusCode.BadRequest, "validation_failed", Ct);
        var mails = await idp.MailsToAsync(owner.PrimaryEmail!.Address, 2, Ct); // made with one
        Assert.Contains("required except for some roles", mails[0].Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("25 percent", mails[0].Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("Locked out", mails[1].Text, StringComparison.Ordinal);
        Assert.All(mails, m => Assert.DoesNotContain("evil.example", m.File, StringComparison.Ordinal));
        Assert.All(mails, m => Assert.Contains(new Uri(idp.Issuer).Host, m.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_coarse_switch_means_everybody_and_keeps_who_is_named()
    {
        var (organization, owner) = await OrganizationAsync();
        await using var upstream = await TestUpstream.StartAsync(Ct);
        await idp.ConnectAsync(organization, upstream, Ct);
        await idp.VerifyDomainAsync(organization, Ct);
        Assert.Null(await SetAsync(organization, new NewSsoEnforcement(SsoMode.Required) { RolloutPercent = 10, BreakGlass = [owner.Id] }));
        Task<Organization> SwitchAsync(bool on) => idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(organization.Id, new OrganizationChanges { RequireSso = on }, Granter.Instance, null, Ct));

        Assert.Equal(10, (await SwitchAsync(true)).Sso.RolloutPercent); // it is on already
        Assert.Equal(SsoMode.Optional, (await SwitchAsync(false)).SsoMode);
        var again = await SwitchAsync(true);
        Assert.Equal((SsoMode.Required, true), (again.SsoMode, again.Sso.IsOfEverybody));
        Assert.Equal([owner.Id], again.Sso.BreakGlass);
    }
}

[Collection(SqliteHost.Name)]
public sealed class SsoEnforcementOnSqlite(SqliteIdp idp) : SsoEnforcementTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SsoEnforcementOnPostgreSql(PostgreSqlIdp idp) : SsoEnforcementTests(idp);
