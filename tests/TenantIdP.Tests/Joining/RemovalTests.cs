using System.Globalization;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Joining;

/// <summary>
/// A removal sticks (FEATURES.md row 33): whatever people, identity providers and domains do in whatever order, who was removed or deactivated is active again only after somebody
/// has said so. A random walk over every way in; what fails names its seed, and <c>TENANTIDP_REMOVAL_SEED</c> repeats it.
/// </summary>
public abstract class RemovalTests(IdpHost idp)
{
    private const int Walks = 4;
    private const int Length = 60;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>One organization and one person of its domain.</summary>
    private sealed record World(IdpHost Idp, Organization Organization, string Host, Id<OrganizationDomain> Domain, Connection Connection, User User, Random Random)
    {
        public string Address => User.PrimaryEmail!.Address; // made with one

        public async Task<Membership?> MembershipAsync() => await Idp.ReadAsync(db =>
            db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).AsNoTracking().SingleOrDefaultAsync(m => m.OrganizationId == Organization.Id && m.UserId == User.Id, Ct));

        public async Task<Session> SessionAsync()
        {
            var (browser, session) = await Idp.SignedInAsync(User, Ct);
            browser.Dispose();
            return session;
        }
    }

    /// <summary>One thing that may happen.</summary>
    /// <param name="BringsBack">The status that this step may end, because somebody explicitly says so; null for what happens by itself or by the person.</param>
    private sealed record Step(string Name, Func<World, Task> RunAsync, MembershipStatus? BringsBack = null);

    /// <summary>Every way in and out. A further one (an invitation, a directory) is one more line.</summary>
    private static readonly IReadOnlyList<Step> Steps =
    [
        new("jit", w => w.Idp.TryAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
            w.Connection.Id, new ExternalIdentity(w.Connection.Issuer, "subject", EmailAddress.Parse(w.Address), true, PersonName.None, []), new BrowserContext(null, "a walk"), Ct))),
        new("automatic", async w =>
        {
            await ModeAsync(w, AssignmentMode.Auto);
            var session = await w.SessionAsync();
            await w.Idp.InScopeAsync<DomainJoins, IReadOnlyList<Opening>>(j => j.AtSignInAsync(session, Ct));
        }),
        new("offer", async w =>
        {
            await ModeAsync(w, AssignmentMode.Offer);
            var session = await w.SessionAsync();
            await w.Idp.TryAsync<DomainJoins, Membership>(j => j.AcceptAsync(session, w.Organization.Id, Ct));
        }),
        new("ask", async w =>
        {
            await ModeAsync(w, AssignmentMode.Suggest);
            var session = await w.SessionAsync();
            await w.Idp.TryAsync<DomainJoins, JoinRequest>(j => j.AskAsync(session, w.Organization.Id, Ct));
        }),
        new("approve what was asked", async w =>
        {
            var requests = (await w.Idp.InScopeAsync<JoinRequestService, Result<Page<JoinRequestView>>>(s => s.ListAsync(w.Organization.Id, null, new PageRequest(50, null), Ct), w.Organization.Id)).Value!; // a first page
            foreach (var asked in requests.Items) await w.Idp.TryAsync<JoinRequestService, JoinRequestView>(s => s.ApproveAsync(w.Organization.Id, asked.Request.Id, Granter.Instance, Ct), w.Organization.Id);
        }),
        new("member import", w => w.Idp.InScopeAsync<MemberImport, IReadOnlyList<ImportOutcome>>(s => s.RunAsync(w.Organization.Id, [new MemberImportRow { Email = w.Address }], false, Granter.Instance, Ct), w.Organization.Id)),
        new("sign-in without the organization", async w => await w.SessionAsync()),
        new("add by the API", w => AddAsync(w), MembershipStatus.Removed),
        new("reactivate", w => OnMemberAsync(w, (s, id) => s.ReactivateAsync(w.Organization.Id, id, Granter.Instance, Ct)), MembershipStatus.Deactivated),
        new("deactivate", w => OnMemberAsync(w, (s, id) => s.DeactivateAsync(w.Organization.Id, id, Granter.Instance, Ct))),
        new("remove", async w =>
        {
            if (await w.MembershipAsync() is { } membership) await w.Idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(w.Organization.Id, membership.Id, Granter.Instance, Ct), w.Organization.Id);
        }),
    ];

    private static Task<Result<Member>> AddAsync(World w) => w.Idp.TryAsync<MemberService, Member>(s => s.AddAsync(w.Organization.Id, w.User.Id, [], Granter.Instance, Ct), w.Organization.Id);

    private static async Task OnMemberAsync(World w, Func<MemberService, Id<Membership>, Task<Result<Member>>> change)
    {
        if (await w.MembershipAsync() is { } membership) await w.Idp.TryAsync<MemberService, Member>(s => change(s, membership.Id), w.Organization.Id);
    }

    private static Task ModeAsync(World w, AssignmentMode mode) =>
        w.Idp.UseAsync<DomainRouting, OrganizationDomain>(s => s.UpdateAsync(w.Organization.Id, w.Domain, new DomainChanges { Assignment = mode }, Granter.Instance, null, Ct), w.Organization.Id);

    [Fact]
    public async Task Who_was_removed_is_active_again_only_when_somebody_says_so()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var given = Environment.GetEnvironmentVariable("TENANTIDP_REMOVAL_SEED");
        var seeds = given is null ? Enumerable.Range(0, Walks).Select(_ => System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue)).ToList() : [int.Parse(given, CultureInfo.InvariantCulture)];
        var (ended, stayed) = (0, 0);
        foreach (var seed in seeds)
        {
            var world = await NewWorldAsync(upstream, seed);
            var trail = new List<string>();
            var before = (await world.MembershipAsync())?.Status;
            for (var i = 0; i < Length; i++)
            {
                var step = Steps[world.Random.Next(Steps.Count)];
                await step.RunAsync(world);
                var after = (await world.MembershipAsync())?.Status;
                trail.Add($"{step.Name} -> {after}");
                var isBack = before is MembershipStatus.Removed or MembershipStatus.Deactivated && after is MembershipStatus.Active or MembershipStatus.Pending;
                Assert.True(!isBack || step.BringsBack == before, $"seed {seed}: {before}, then\n{string.Join('\n', trail)}");
                if (before is MembershipStatus.Removed or MembershipStatus.Deactivated)
                {
                    ended++;
                    if (after == before) stayed++;
                }

                before = after;
            }
        }

        // A walk in which nobody was ever outside proves nothing.
        Assert.True(given is not null || (ended > Walks && stayed > Walks), $"{ended} steps from outside, {stayed} stayed there");
    }

    [Fact]
    public async Task Every_step_of_the_walk_does_something_when_nothing_stands_in_its_way()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        string[] joins = ["jit", "automatic", "offer", "member import", "add by the API"];
        foreach (var step in Steps.Where(s => joins.Contains(s.Name)))
        {
            var world = await NewWorldAsync(upstream, 1);
            await step.RunAsync(world);
            Assert.True((await world.MembershipAsync())?.Status == MembershipStatus.Active, step.Name);
        }

        var asking = await NewWorldAsync(upstream, 1);
        foreach (var name in new[] { "ask", "approve what was asked" }) await Steps.Single(s => s.Name == name).RunAsync(asking);
        Assert.Equal(MembershipStatus.Active, (await asking.MembershipAsync())?.Status);
    }

    private async Task<World> NewWorldAsync(TestUpstream upstream, int seed)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var host = await idp.VerifyDomainAsync(organization, Ct);
        var domain = (await idp.InScopeAsync<DomainService, Result<Page<OrganizationDomain>>>(s => s.ListAsync(organization.Id, new PageRequest(50, null), Ct), organization.Id)).Value!.Items.Single(); // a first page
        var connection = await idp.ConnectAsync(organization, upstream, Ct);
        return new World(idp, organization, host, domain.Id, connection, await idp.CreateUserAsync($"{idp.Unique("p")}@{host}", Ct), new Random(seed));
    }
}

[Collection(SqliteHost.Name)]
public sealed class RemovalsOnSqlite(SqliteIdp idp) : RemovalTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class RemovalsOnPostgreSql(PostgreSqlIdp idp) : RemovalTests(idp);
