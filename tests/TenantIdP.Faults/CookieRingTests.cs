using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using TenantIdP.Faults.Bench;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Faults;

/// <summary>R18: the ring that seals cookies and forms. That nodes which start at once share one is <see cref="StartTests"/>'.</summary>
[Collection(NodeBenchCollection.Name)]
public sealed class CookieRingTests(NodeBench bench)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Fault", "R18")]
    public async Task A_sign_in_begun_at_one_node_goes_on_at_any_other_and_the_ring_is_sealed()
    {
        await bench.RefillAsync(Ct);
        var (fleet, world) = (bench.Fleet, bench.World);
        var app = fleet.RelyingParty(world.App);
        foreach (var person in world.People.Take(3))
        {
            using var browser = fleet.NewBrowser(); // each request to the next node
            Assert.True((await MainJob.SignInAsync(browser, app, world.Organization, person, Ct)).IsOk);
            foreach (var node in fleet.Running.All)
            {
                using var elsewhere = new WebBrowser(browser.Cookies, fleet.NewBalancer(node));
                var page = await elsewhere.GetAsync(app.Authorize(("organization", world.Organization), ("prompt", "none")).Address, Ct, app.IsCallback);
                Assert.True(RelyingParty.Answer(page).ContainsKey("code"), page.Address.Query);
            }
        }

        await using var connection = new NpgsqlConnection(DatabaseServer.Unpooled(bench.Database));
        await connection.OpenAsync(Ct);
        await using var command = new NpgsqlCommand("SELECT xml FROM data_protection_keys", connection);
        await using var reader = await command.ExecuteReaderAsync(Ct);
        Assert.True(await reader.ReadAsync(Ct));
        do
        {
            Assert.Contains("<sealed", reader.GetString(0), StringComparison.Ordinal);
            Assert.DoesNotContain("masterKey", reader.GetString(0), StringComparison.OrdinalIgnoreCase);
        }
        while (await reader.ReadAsync(Ct));
        bench.Figures.Add("R18", "a sign-in over three nodes, each request at the next; its session at every node", "cookies of one are good at all; the ring is sealed", "3 of 3 people; sealed");
    }

    [Fact]
    [Trait("Fault", "R18")]
    public async Task A_lost_ring_costs_a_form_and_nothing_else()
    {
        await using var fleet = new Fleet(Nodes.OfBench("PostgreSql", await bench.Server.CreateDatabaseAsync(Ct)));
        var node = (await fleet.StartAsync(1, Ct))[0];
        var world = await World.MakeAsync(fleet, 2, Ct);
        var app = fleet.RelyingParty(world.App);
        using var signedIn = fleet.NewBrowser();
        var tokens = await MainJob.SignInAsync(signedIn, app, world.Organization, world.People[0], Ct);
        using var halfway = fleet.NewBrowser();
        var form = await halfway.GetAsync(app.Authorize(("organization", world.Organization)).Address, Ct);

        await node.KillAsync();
        fleet.Forget(node);
        await DatabaseServer.ExecuteAsync(fleet.Settings["ConnectionStrings:TenantIdP"]!, "DELETE FROM data_protection_keys", Ct); // every fleet has a database
        await fleet.StartAsync(1, Ct); // no crash loop: it makes a new ring

        var refused = await halfway.SubmitAsync(form, new Dictionary<string, string> { ["email"] = world.People[1].Email }, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.True((await MainJob.SignInAsync(halfway, app, world.Organization, world.People[1], Ct)).IsOk); // from the start, in the same browser
        Assert.True((await app.RefreshAsync(tokens.RefreshToken, Ct)).IsOk); // grants are not the ring's
        Assert.True((await MainJob.SignInAsync(signedIn, app, world.Organization, world.People[0], Ct)).IsOk);
        await fleet.AssertInvariantsAsync(Ct);
        bench.Figures.Add("R18", "the ring is lost and the node started again", "sign in again; no crash loop", "started; an open form is 400, a new sign-in and old grants go on");
    }
}
