using System.Net;
using System.Net.Http.Headers;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Tokens;

/// <summary>Tokens of an app for itself in one organization.</summary>
public abstract class AppTokenTests(IdpHost idp) : EngineScene(idp)
{
    private Task<RelyingParty> MachineAsync(Func<NewApp, NewApp>? change = null)
    {
        var machine = (NewApp app) => app with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [], Scopes = [], Apis = [Host.Issuer + "/api/v1"] };
        return Host.CreateAppAsync(Ct, app => change is null ? machine(app) : change(machine(app)));
    }

    private Task<AppGrant> GrantAsync(RelyingParty app, Organization organization, params string[] permissions) => Host.UseAsync<AppGrantService, AppGrant>(
        s => s.GrantAsync(organization.Id, Id<App>.Parse(app.App.Id, null), permissions, Granter.Instance, null, Ct), organization.Id);

    private static Task<TokenAnswer> AskAsync(RelyingParty app, string organization, params (string, string)[] extra) =>
        app.TokenAsync([("grant_type", "client_credentials"), ("organization", organization), .. extra], Ct);

    private async Task<HttpStatusCode> ReadMembersAsync(string token, Organization organization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Host.Issuer}/api/v1/organizations/{organization.Id}/members");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Host.Http.SendAsync(request, Ct);
        return answer.StatusCode;
    }

    [Fact]
    public async Task A_granted_app_gets_a_token_of_the_organization_with_what_the_api_declares_of_its_grant()
    {
        var (app, organization) = (await MachineAsync(a => a with { ClaimMap = [new("tenant", ClaimSource.OrgId)] }), await Host.CreateOrganizationAsync(Ct));
        await GrantAsync(app, organization, "invoices:read", Permission.MembersRead, "reports:read");

        var (byId, bySlug) = (await AskAsync(app, organization.Id.ToString()), await AskAsync(app, organization.Slug.Value));

        foreach (var tokens in new[] { byId, bySlug })
        {
            Assert.True(tokens.IsOk, tokens.Body.ToString());
            Assert.Null(tokens.Body["refresh_token"]);
            Assert.Null(tokens.Body["id_token"]);
            Assert.Equal(app.App.ClientId, (string?)tokens.Access["sub"]);
            Assert.Equal(organization.Id.ToString(), (string?)tokens.Access["org_id"]);
            Assert.Equal(organization.Slug.Value, (string?)tokens.Access["org_name"]);
            Assert.Equal(organization.Id.ToString(), (string?)tokens.Access["tenant"]);
            Assert.Equal(["invoices:read"], Strings(tokens.Access, "permissions"));
            Assert.Null(tokens.Access["roles"]);
            Assert.Null(tokens.Access["sid"]);
        }

        var plain = await app.TokenAsync([("grant_type", "client_credentials")], Ct);
        Assert.Null(plain.Access["org_id"]);
        Assert.Null(plain.Access["permissions"]);
    }

    [Fact]
    [Trait("Attack", "C9")]
    public async Task Every_organization_that_did_not_grant_is_refused_alike()
    {
        var (app, other) = (await MachineAsync(), await MachineAsync());
        var (silent, suspended) = (await Host.CreateOrganizationAsync(Ct), await Host.CreateOrganizationAsync(Ct));
        await GrantAsync(app, suspended, "invoices:read");
        await GrantAsync(other, silent, "invoices:read");
        await Host.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(suspended.Id, Ct));

        var answers = new List<string>();
        foreach (var organization in new[] { silent.Id.ToString(), silent.Slug.Value, suspended.Id.ToString(), "no-such-organization", "org_00000000000000000000000000", "org_01m85ggprjfjsbts0tghkhvg2w", "Not A Slug!" })
            answers.Add((await AskAsync(app, organization)).Body.ToJsonString());

        Assert.Equal("access_denied", (await AskAsync(app, silent.Id.ToString())).Error);
        Assert.Single(answers.Distinct());
    }

    [Fact]
    [Trait("Attack", "B9")]
    public async Task Its_token_opens_the_management_api_of_that_organization_until_the_grant_ends()
    {
        var app = await MachineAsync();
        var (own, other) = (await Host.CreateOrganizationAsync(Ct), await Host.CreateOrganizationAsync(Ct));
        await GrantAsync(app, own, Permission.MembersRead);
        await GrantAsync(app, other, Permission.MembersRead);
        var tokens = await AskAsync(app, own.Id.ToString(), ("resource", Host.Issuer + "/api/v1"));
        Assert.Equal([Permission.MembersRead], Strings(tokens.Access, "permissions"));

        Assert.Equal(HttpStatusCode.OK, await ReadMembersAsync(tokens.AccessToken, own));
        Assert.Equal(HttpStatusCode.NotFound, await ReadMembersAsync(tokens.AccessToken, other));
        Assert.Equal(HttpStatusCode.Unauthorized, await ReadMembersAsync((await AskAsync(app, own.Id.ToString())).AccessToken, own)); // for another API
        Assert.True((bool?)(await app.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect")).Body["active"]);

        Assert.True((await Host.InScopeAsync<AppGrantService, Result>(s => s.RevokeAsync(own.Id, Id<App>.Parse(app.App.Id, null), Ct), own.Id)).IsOk);

        Assert.Equal(HttpStatusCode.NotFound, await ReadMembersAsync(tokens.AccessToken, own));
        Assert.Equal("access_denied", (await AskAsync(app, own.Id.ToString())).Error);
        Assert.False((bool?)(await app.TokenAsync([("token", tokens.AccessToken)], Ct, "/connect/introspect")).Body["active"]);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task An_operators_scope_and_an_organization_do_not_go_together()
    {
        var (app, organization) = (await MachineAsync(a => a with { Scopes = ["management"] }), await Host.CreateOrganizationAsync(Ct));
        await GrantAsync(app, organization, Permission.MembersRead);

        Assert.Equal("invalid_scope", (await AskAsync(app, organization.Id.ToString(), ("scope", "management"))).Error);
        Assert.True((await app.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).IsOk);
    }
}

[Collection(SqliteHost.Name)]
public sealed class AppTokensOnSqlite(SqliteIdp idp) : AppTokenTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class AppTokensOnPostgreSql(PostgreSqlIdp idp) : AppTokenTests(idp);
