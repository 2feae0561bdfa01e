using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using Xunit;

namespace TenantIdP.Tests.Directories;

/// <summary>The second way in: an app with an access token of its own for one organization.</summary>
public abstract class ScimAppTests(IdpHost idp)
{
    private const string Discovery = "/ServiceProviderConfig";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_app_that_the_organization_has_granted_it_may_sync_its_directories_until_that_ends()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (app, made) = (await MachineAsync(), await idp.CreateDirectoryAsync(organization, Ct));
        await GrantAsync(app, organization, Permission.DirectoriesSync);
        var scim = idp.ScimOf(made, await TokenAsync(app, organization));

        Assert.Equal(HttpStatusCode.OK, (await scim.GetAsync(Discovery, Ct)).Status);
        Assert.NotNull(await idp.InScopeAsync<Core.IdpDbContext, DateTimeOffset?>(async db => (await db.Directories.SingleAsync(d => d.Id == made.Directory.Id, Ct)).LastSeenAt, organization.Id));
        await GrantAsync(app, organization, Permission.DirectoriesRead);
        var refused = await scim.GetAsync(Discovery, Ct);
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("directory_sync_not_granted", refused.Detail, StringComparison.Ordinal);
        Assert.Contains("insufficient_scope", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        await idp.InScopeAsync<AppGrantService, Result>(s => s.RevokeAsync(organization.Id, IdOf(app), Ct), organization.Id);
        Assert.Equal(HttpStatusCode.NotFound, (await scim.GetAsync(Discovery, Ct)).Status);
    }

    [Fact]
    [Trait("Attack", "E1")]
    public async Task With_a_token_of_one_organization_the_directory_of_another_is_not_there()
    {
        var (own, foreign) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var (app, theirs) = (await MachineAsync(), await idp.CreateDirectoryAsync(foreign, Ct));
        await GrantAsync(app, own, Permission.DirectoriesSync);
        await GrantAsync(app, foreign, Permission.DirectoriesSync);
        var token = await TokenAsync(app, own);

        var (other, absent) = (await idp.ScimOf(theirs, token).GetAsync(Discovery, Ct), await new ScimClient(idp.Http, $"{idp.Issuer}/scim/v2/dir_0", token).GetAsync(Discovery, Ct));

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (other.Status, absent.Status));
        Assert.Equal(absent.Detail, other.Detail);
    }

    [Fact]
    public async Task A_token_for_another_api_for_the_instance_or_of_a_person_opens_nothing()
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (app, made) = (await MachineAsync(), await idp.CreateDirectoryAsync(organization, Ct));
        await GrantAsync(app, organization, Permission.DirectoriesSync);
        var owner = await idp.CreateUserAsync($"{idp.Unique("p")}@example.test", Ct);
        await idp.AddMemberAsync(organization, owner, Ct, BuiltInRoles.Owner);
        var site = await idp.CreateAppAsync(Ct, a => a with { Apis = [idp.Issuer + "/api/v1"] });
        var (browser, _) = await idp.SignedInAsync(owner, Ct);
        var bootstrap = new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http);
        string[] tokens =
        [
            (await app.TokenAsync([("grant_type", "client_credentials"), ("organization", organization.Id.ToString()), ("resource", IdpHost.InvoicesApi)], Ct)).AccessToken,
            (await bootstrap.TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct)).AccessToken,
            (await IdpHost.TokensAsync(browser, site, Ct, ("organization", organization.Id.ToString()), ("resource", idp.Issuer + "/api/v1"))).AccessToken,
        ];

        foreach (var token in tokens)
        {
            Assert.NotEmpty(token);
            Assert.Equal(HttpStatusCode.Unauthorized, (await idp.ScimOf(made, token).GetAsync(Discovery, Ct)).Status);
        }
    }

    private Task<RelyingParty> MachineAsync() =>
        idp.CreateAppAsync(Ct, app => app with { Kind = AppKind.Machine, RedirectUris = [], PostLogoutRedirectUris = [], Scopes = [], Apis = [idp.Issuer + "/api/v1", IdpHost.InvoicesApi] });

    private static Id<App> IdOf(RelyingParty app) => Id<App>.Parse(app.App.Id, null);

    private Task<AppGrant> GrantAsync(RelyingParty app, Organization organization, params string[] permissions) =>
        idp.UseAsync<AppGrantService, AppGrant>(s => s.GrantAsync(organization.Id, IdOf(app), permissions, Granter.Instance, null, Ct), organization.Id);

    private async Task<string> TokenAsync(RelyingParty app, Organization organization)
    {
        var answer = await app.TokenAsync([("grant_type", "client_credentials"), ("organization", organization.Id.ToString()), ("resource", idp.Issuer + "/api/v1")], Ct);
        return answer.IsOk ? answer.AccessToken : throw new InvalidOperationException(answer.Body.ToString());
    }
}

[Collection(SqliteHost.Name)]
public sealed class ScimAppOnSqlite(SqliteIdp idp) : ScimAppTests(idp);

[Collection(PostgreSqlHost.Name), Trait("Store", "PostgreSql")]
public sealed class ScimAppOnPostgreSql(PostgreSqlIdp idp) : ScimAppTests(idp);
