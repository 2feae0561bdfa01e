using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Organizations;

/// <summary>An organization ends in two phases: nobody gets in, then nothing is left but its events.</summary>
public abstract class OrganizationDeletionTests(IdpHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Attack", "C12")]
    public async Task A_deleted_organization_lets_nobody_in_and_a_restored_one_does()
    {
        var user = await host.CreateUserAsync($"{host.Unique("p")}@{host.UniqueHost()}", Ct);
        var (acme, other) = (await host.CreateOrganizationAsync(Ct), await host.CreateOrganizationAsync(Ct));
        await host.AddMemberAsync(acme, user, Ct);
        await host.AddMemberAsync(other, user, Ct);
        var app = await host.CreateAppAsync(Ct);
        var (browser, _) = await host.SignedInAsync(user, Ct);
        var there = await IdpHost.TokensAsync(browser, app, Ct, ("organization", acme.Id.ToString()));
        var elsewhere = await IdpHost.TokensAsync(browser, app, Ct, ("organization", other.Id.ToString()));
        using var operators = await OperatorAsync();

        using var deleted = await operators.DeleteAsync($"organizations/{acme.Id}", Ct);
        var said = await deleted.Content.ReadFromJsonAsync<JsonElement>(Ct);
        Assert.Equal((HttpStatusCode.OK, "deleting"), (deleted.StatusCode, said.GetProperty("status").GetString()));
        Assert.InRange(said.GetProperty("purgeAfter").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddDays(29), TimeProvider.System.GetUtcNow().AddDays(31));
        Assert.Equal("invalid_grant", (string?)(await app.RefreshAsync(there.RefreshToken, Ct)).Body["error"]);
        Assert.Equal("access_denied", (string?)(await app.RefreshAsync(elsewhere.RefreshToken, Ct, ("organization", acme.Id.ToString()))).Body["error"]);
        Assert.True((await app.RefreshAsync(elsewhere.RefreshToken, Ct)).IsOk);
        Assert.Equal(HttpStatusCode.Conflict, (await operators.DeleteAsync($"organizations/{acme.Id}", Ct)).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await operators.PostAsync($"organizations/{acme.Id}/restore", null, Ct)).StatusCode);
        Assert.True((await IdpHost.TokensAsync(browser, app, Ct, ("organization", acme.Id.ToString()))).IsOk);
        Assert.Equal(HttpStatusCode.Conflict, (await operators.PostAsync($"organizations/{acme.Id}/restore", null, Ct)).StatusCode);
    }

    [Fact]
    public async Task A_suspended_organization_is_suspended_again_after_a_restore()
    {
        var acme = await host.CreateOrganizationAsync(Ct);
        await host.UseAsync<OrganizationService, Organization>(s => s.SuspendAsync(acme.Id, Ct));
        await host.UseAsync<OrganizationDeletion, Organization>(s => s.DeleteAsync(acme.Id, null, Ct));

        Assert.Equal(OrganizationStatus.Suspended, (await host.UseAsync<OrganizationDeletion, Organization>(s => s.RestoreAsync(acme.Id, Ct))).Status);
    }

    [Fact]
    public async Task A_purge_leaves_the_events_and_the_people_of_the_instance()
    {
        using var idp = new TestSamlIdp($"https://{host.UniqueHost()}");
        var acme = await host.CreateOrganizationAsync(Ct);
        var domain = await host.VerifyDomainAsync(acme, Ct);
        var connection = await host.ConnectSamlAsync(acme, idp, Ct);
        var app = await host.CreateAppAsync(Ct);
        using var browser = new WebBrowser();
        var pending = app.Authorize(("login_hint", $"jane@{domain}"));
        var away = await browser.GetAsync(pending.Address, Ct, idp.IsHere);
        await browser.SubmitAsync(await idp.PageAsync(idp.Answer(TestSamlIdp.Read(away.Address), "j-1", $"jane@{domain}"), Ct), new Dictionary<string, string>(), Ct, stopAt: app.IsCallback);
        var jane = await host.ReadAsync(db => db.UserIdentities.Where(i => i.ConnectionId == connection.Id).Select(i => i.UserId).SingleAsync(Ct));
        var guest = await host.CreateUserAsync($"{host.Unique("g")}@{host.UniqueHost()}", Ct);
        await host.AddMemberAsync(acme, guest, Ct);
        using var operators = await OperatorAsync();

        await AssertRefusedAsync(await operators.PostAsJsonAsync($"organizations/{acme.Id}/purge", new { confirm = acme.Slug.Value }, Ct), "organization_not_deleting");
        await operators.DeleteAsync($"organizations/{acme.Id}", Ct);
        await AssertRefusedAsync(await operators.PostAsJsonAsync($"organizations/{acme.Id}/purge", new { confirm = "another" }, Ct), "purge_not_confirmed");
        using var purged = await operators.PostAsJsonAsync($"organizations/{acme.Id}/purge", new { confirm = acme.Slug.Value }, Ct);

        Assert.True(purged.StatusCode == HttpStatusCode.NoContent, await purged.Content.ReadAsStringAsync(Ct));
        Assert.Equal(HttpStatusCode.NotFound, (await operators.GetAsync($"organizations/{acme.Id}", Ct)).StatusCode);
        Assert.False(await host.ReadAsync(db => db.Users.AnyAsync(u => u.Id == jane, Ct)));
        Assert.True(await host.ReadAsync(db => db.Users.AnyAsync(u => u.Id == guest.Id, Ct)));
        Assert.True(await host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(e => e.OrganizationId == acme.Id && e.Type == EventTypes.OrganizationDeleting, Ct)));
        Assert.False(await host.ReadAsync(db => db.PersonalEventData.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AnyAsync(p => p.OrganizationId == acme.Id, Ct)));
        Assert.Equal([], await LeftAsync(acme.Id));
        await host.VerifyDomainAsync(await host.CreateOrganizationAsync(Ct), Ct, domain); // free again
    }

    [Fact]
    public async Task Only_those_whose_time_has_come_are_purged()
    {
        var (due, early, live) = (await host.CreateOrganizationAsync(Ct), await host.CreateOrganizationAsync(Ct), await host.CreateOrganizationAsync(Ct));
        foreach (var organization in new[] { due, early }) await host.UseAsync<OrganizationDeletion, Organization>(s => s.DeleteAsync(organization.Id, null, Ct));
        var past = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        await host.ReadAsync(db => db.Organizations.Where(o => o.Id == due.Id).ExecuteUpdateAsync(set => set.SetProperty(o => o.PurgeAfter, past), Ct));

        await host.UseAsync<OrganizationDeletion, bool>(async s =>
        {
            await s.PurgeDueAsync(Ct);
            return true;
        });

        Assert.Equal(
            new[] { early.Id, live.Id }.Order(), (await host.ReadAsync(db => db.Organizations.Where(o => o.Id == due.Id || o.Id == early.Id || o.Id == live.Id).Select(o => o.Id).ToListAsync(Ct))).Order());
    }

    /// <summary>The tables that still have a row of the organization, but for its events and their chain.</summary>
    private Task<List<string>> LeftAsync(Id<Organization> organization) => host.ReadAsync(async db =>
    {
        var left = new List<string>();
        foreach (var type in db.Model.GetEntityTypes().Where(t => t.FindProperty("OrganizationId") is not null && t.GetTableName() is not ("events" or "event_chains")))
        {
#pragma warning disable EF1002 // names of our own model
            var rows = await db.Database.SqlQueryRaw<int>($"SELECT COUNT(*) AS \"Value\" FROM {type.GetTableName()} WHERE organization_id = {{0}}", organization.Value).SingleAsync(Ct);
#pragma warning restore EF1002
            if (rows > 0) left.Add($"{type.GetTableName()}: {rows}");
        }

        return left;
    });

    private async Task<HttpClient> OperatorAsync()
    {
        var token = await new RelyingParty(host.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), host.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], Ct);
        return new HttpClient { BaseAddress = new Uri($"{host.Issuer}/api/v1/"), DefaultRequestHeaders = { Authorization = new("Bearer", token.AccessToken) } };
    }

    private static async Task AssertRefusedAsync(HttpResponseMessage answer, string code) =>
        Assert.Equal(code, (await answer.Content.ReadFromJsonAsync<JsonElement>(Ct)).GetProperty("code").GetString());
}

[Collection(SqliteHost.Name)]
public sealed class OrganizationDeletionOnSqlite(SqliteIdp host) : OrganizationDeletionTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class OrganizationDeletionOnPostgreSql(PostgreSqlIdp host) : OrganizationDeletionTests(host);
