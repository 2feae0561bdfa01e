using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Joining;

/// <summary>
/// A removal sticks (FEATURES.md rows 30 and 33): whatever people, identity providers, domains, directories and old links do in whatever order, who was removed or deactivated is
/// active again only after somebody has said so. A random walk over every way in; what fails names its seed, and <c>TENANTIDP_REMOVAL_SEED</c> repeats it.
/// </summary>
public abstract class RemovalTests(IdpHost idp)
{
    private const int Length = 80;

    private static readonly int Walks = Environment.GetEnvironmentVariable("TENANTIDP_TEST_LONG") == "1" ? 40 : 4;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What a directory says of the person.</summary>
    private enum Known
    {
        Never,
        Active,
        Inactive,
        Deleted,
    }

    /// <summary>One organization and one person of its domain.</summary>
    private sealed record World(IdpHost Idp, Organization Organization, string Host, Id<OrganizationDomain> Domain, Connection Connection, MadeDirectory Directory, User User, Random Random)
    {
        public string Address => User.PrimaryEmail!.Address; // made with one

        /// <summary>The secret of the newest link; it may have been used or taken back.</summary>
        public string? Link { get; set; }

        public Id<Invitation>? Invited { get; set; }

        /// <summary>A link was made since the membership ended.</summary>
        public bool InvitedSince { get; set; }

        public Known Directed { get; set; }

        /// <summary>The directory went from active to inactive in the step that was taken last.</summary>
        public bool Stepped { get; set; }

        /// <summary>The directory's id of the person.</summary>
        public string? DirectoryId { get; set; }

        /// <summary>The directory has deleted the person since the membership stood last.</summary>
        public bool DeletedSince { get; set; }

        public ScimClient Scim => Idp.ScimOf(Directory);

        /// <summary>The model follows what has become of the membership.</summary>
        public void Became(MembershipStatus? before, MembershipStatus? after)
        {
            if (after == MembershipStatus.Removed && before != after) InvitedSince = false;
            if (after is MembershipStatus.Active or MembershipStatus.Pending) DeletedSince = false;
        }

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
    /// <param name="BringsBack">Whether this step may end that status in the world as it was before, because somebody explicitly says so; null for what happens by itself or by the person.</param>
    /// <param name="Leaves">What holds after it, whatever was before.</param>
    private sealed record Step(string Name, Func<World, Task> RunAsync, Func<World, MembershipStatus, bool>? BringsBack = null, Func<World, MembershipStatus?, bool>? Leaves = null);

    /// <summary>A link that was made since brings a removed member back, unless the directory has deleted them.</summary>
    private static bool ByInvitation(World w, MembershipStatus ended) => ended == MembershipStatus.Removed && w is { InvitedSince: true, DeletedSince: false };

    private static bool IsOut(MembershipStatus? status) => status is null or MembershipStatus.Removed or MembershipStatus.Deactivated;

    /// <summary>Every way in and out.</summary>
    private static readonly IReadOnlyList<Step> Steps =
    [
        new("jit", w => w.Idp.TryAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
            w.Connection.Id, new ExternalIdentity(w.Connection.Issuer, "subject", EmailAddress.Parse(w.Address), true, PersonName.None, []), new BrowserContext(null, "a walk"), Ct)), ByInvitation),
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
        new("invite", w => InviteAsync(w, again: false)),
        new("invite again", w => InviteAsync(w, again: true)),
        new("revoke the invitation", async w =>
        {
            if (w.Invited is { } id && (await w.Idp.TryAsync<InvitationService, Invitation>(s => s.RevokeAsync(w.Organization.Id, id, Ct), w.Organization.Id)).IsOk) w.InvitedSince = false;
        }),
        new("accept the newest link", async w =>
        {
            if (w.Link is not { } link) return;
            var session = await w.SessionAsync();
            await w.Idp.TryAsync<InvitationAcceptance, AcceptedInvitation>(s => s.AcceptAsync(link, session, null, Ct));
        }, ByInvitation),
        new("directory creates", async w =>
        {
            var made = await w.Scim.PostAsync("/Users", $$"""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{{w.Address}}","emails":[{"value":"{{w.Address}}","primary":true}]}""", Ct);
            if (made.Status == HttpStatusCode.Created) (w.Directed, w.DirectoryId) = (Known.Active, made.Id);
        }, (w, _) => w.Directed is Known.Inactive or Known.Deleted),
        new("directory deactivates", async w =>
        {
            w.Stepped = w.Directed == Known.Active && await ActiveAsync(w, false);
            if (w.Stepped) w.Directed = Known.Inactive;
        }, Leaves: (w, status) => !w.Stepped || IsOut(status)),
        new("directory says once more that they are inactive", w => w.Directed == Known.Inactive ? ActiveAsync(w, false) : Task.CompletedTask),
        new("directory reactivates", async w =>
        {
            if (await ActiveAsync(w, true)) w.Directed = Known.Active;
        }, (w, _) => w.Directed == Known.Inactive),
        new("directory deletes", async w =>
        {
            if (w.DirectoryId is { } id && (await w.Scim.DeleteAsync($"/Users/{id}", Ct)).Status == HttpStatusCode.NoContent) (w.Directed, w.DirectoryId, w.DeletedSince) = (Known.Deleted, null, true);
        }, Leaves: (w, status) => !w.DeletedSince || status == MembershipStatus.Removed),
        new("add by the API", w => AddAsync(w), (_, ended) => ended == MembershipStatus.Removed),
        new("reactivate", w => OnMemberAsync(w, (s, id) => s.ReactivateAsync(w.Organization.Id, id, Granter.Instance, Ct)), (_, ended) => ended == MembershipStatus.Deactivated),
        new("deactivate", w => OnMemberAsync(w, (s, id) => s.DeactivateAsync(w.Organization.Id, id, Granter.Instance, Ct))),
        new("remove", async w =>
        {
            if (await w.MembershipAsync() is { } membership) await w.Idp.InScopeAsync<MemberService, Result>(s => s.RemoveAsync(w.Organization.Id, membership.Id, Granter.Instance, Ct), w.Organization.Id);
        }),
    ];

    private static async Task InviteAsync(World w, bool again)
    {
        var wanted = new NewInvitation(w.Address, [BuiltInRoles.Guest]) { Resend = again };
        var done = await w.Idp.TryAsync<InvitationService, InvitationResult>(s => s.CreateAsync(w.Organization.Id, wanted, Granter.Instance, Ct), w.Organization.Id);
        if (done is { IsOk: true, Value: { Outcome: InvitationOutcome.Created or InvitationOutcome.Resent, Token: { } token, Invitation: { } invitation } }) (w.Link, w.Invited, w.InvitedSince) = (token, invitation.Id, true);
    }

    private static async Task<bool> ActiveAsync(World w, bool active) => w.DirectoryId is { } id
        && (await w.Scim.PatchAsync($"/Users/{id}", $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":{{(active ? "true" : "false")}}}]}""", Ct)).Status == HttpStatusCode.OK;

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
                var may = before is { } end && step.BringsBack?.Invoke(world, end) == true;
                await step.RunAsync(world);
                var after = (await world.MembershipAsync())?.Status;
                trail.Add($"{step.Name} -> {after}");
                var isBack = before is MembershipStatus.Removed or MembershipStatus.Deactivated && after is MembershipStatus.Active or MembershipStatus.Pending;
                Assert.True((!isBack || may) && step.Leaves?.Invoke(world, after) != false, $"seed {seed}: {before}, then\n{string.Join('\n', trail)}");
                if (before is MembershipStatus.Removed or MembershipStatus.Deactivated)
                {
                    ended++;
                    if (after == before) stayed++;
                }

                world.Became(before, after);
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
        string[] joins = ["jit", "automatic", "offer", "member import", "add by the API", "directory creates"];
        foreach (var step in Steps.Where(s => joins.Contains(s.Name)))
        {
            var world = await NewWorldAsync(upstream, 1);
            await step.RunAsync(world);
            Assert.True((await world.MembershipAsync())?.Status == MembershipStatus.Active, step.Name);
        }

        var asking = await NewWorldAsync(upstream, 1);
        await RunAsync(asking, "ask", "approve what was asked");
        Assert.Equal(MembershipStatus.Active, (await asking.MembershipAsync())?.Status);

        var invited = await NewWorldAsync(upstream, 1);
        await RunAsync(invited, "invite", "accept the newest link");
        Assert.Equal(MembershipStatus.Active, (await invited.MembershipAsync())?.Status);
        await RunAsync(invited, "remove", "invite", "invite again", "accept the newest link");
        Assert.Equal(MembershipStatus.Active, (await invited.MembershipAsync())?.Status);
        await RunAsync(invited, "remove", "invite", "revoke the invitation", "accept the newest link");
        Assert.Equal(MembershipStatus.Removed, (await invited.MembershipAsync())?.Status);
    }

    [Fact]
    [Trait("Attack", "E8")]
    public async Task Whom_a_directory_has_deleted_comes_back_by_the_directory_or_by_being_added_and_by_no_invitation()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        foreach (var (back, status) in new[] { ("directory creates", MembershipStatus.Active), ("add by the API", MembershipStatus.Active), ("accept the newest link", MembershipStatus.Removed), ("jit", MembershipStatus.Removed) })
        {
            var world = await NewWorldAsync(upstream, 1);
            await RunAsync(world, "directory creates", "directory deactivates", "directory reactivates");
            Assert.Equal(MembershipStatus.Active, (await world.MembershipAsync())?.Status);
            await RunAsync(world, "directory deletes", "invite");
            await RunAsync(world, back);
            Assert.True((await world.MembershipAsync())?.Status == status, back);
        }

        // Added by hand and removed by hand since: the removal is the organization's own, and so is the invitation.
        var again = await NewWorldAsync(upstream, 1);
        await RunAsync(again, "directory creates", "directory deletes", "add by the API", "remove", "invite", "accept the newest link");
        Assert.Equal(MembershipStatus.Active, (await again.MembershipAsync())?.Status);
    }

    private static async Task RunAsync(World world, params string[] names)
    {
        foreach (var name in names) await Steps.Single(s => s.Name == name).RunAsync(world);
    }

    private async Task<World> NewWorldAsync(TestUpstream upstream, int seed)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        var host = await idp.VerifyDomainAsync(organization, Ct);
        var domain = (await idp.InScopeAsync<DomainService, Result<Page<OrganizationDomain>>>(s => s.ListAsync(organization.Id, new PageRequest(50, null), Ct), organization.Id)).Value!.Items.Single(); // a first page
        var connection = await idp.ConnectAsync(organization, upstream, Ct);
        return new World(idp, organization, host, domain.Id, connection, await idp.CreateDirectoryAsync(organization, Ct), await idp.CreateUserAsync($"{idp.Unique("p")}@{host}", Ct), new Random(seed));
    }
}

[Collection(SqliteHost.Name)]
public sealed class RemovalsOnSqlite(SqliteIdp idp) : RemovalTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class RemovalsOnPostgreSql(PostgreSqlIdp idp) : RemovalTests(idp);
