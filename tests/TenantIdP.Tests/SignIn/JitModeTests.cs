using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Stores;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>Who waits for an organization, as a test says it.</summary>
public sealed class Expected
{
    public ConcurrentDictionary<(Id<Organization>, string), bool> Invited { get; } = new();

    public ConcurrentDictionary<(Id<Organization>, string), bool> Provisioned { get; } = new();
}

/// <summary>Invitations in memory: one gives the role guest, and is spent.</summary>
public sealed class TestInvitations(Expected expected, IdpDbContext db, TimeProvider clock) : IPendingInvitations
{
    public Task<bool> AnyAsync(Id<Organization> organization, IReadOnlyCollection<EmailAddress> verified, CancellationToken ct) => Task.FromResult(verified.Any(a => expected.Invited.ContainsKey((organization, a.Normalized))));

    public async Task<bool> ConsumeAsync(Membership membership, IReadOnlyCollection<EmailAddress> verified, CancellationToken ct)
    {
        if (!verified.Any(a => expected.Invited.TryRemove((membership.OrganizationId, a.Normalized), out _))) return false;
        membership.Grant(await db.Roles.SingleAsync(r => r.OrganizationId == Organization.Instance && r.Key == BuiltInRoles.Guest, ct), RoleSource.Invitation, "inv", clock.GetUtcNow());
        return true;
    }
}

public sealed class TestDirectory(Expected expected) : IProvisionedPeople
{
    public Task<bool> AnyAsync(Id<Organization> organization, IReadOnlyCollection<EmailAddress> verified, CancellationToken ct) => Task.FromResult(verified.Any(a => expected.Provisioned.ContainsKey((organization, a.Normalized))));
}

public sealed class SqliteExpectingIdp() : IdpHost(new SqliteStore())
{
    protected override void Configure(WebApplicationBuilder builder) => AddTo(builder.Services);

    public static void AddTo(IServiceCollection services)
    {
        services.AddSingleton<Expected>();
        services.AddScoped<IPendingInvitations, TestInvitations>();
        services.AddScoped<IProvisionedPeople, TestDirectory>();
    }
}

public sealed class PostgreSqlExpectingIdp(PostgreSqlCluster cluster) : IdpHost(new PostgreSqlStore(cluster))
{
    protected override void Configure(WebApplicationBuilder builder) => SqliteExpectingIdp.AddTo(builder.Services);
}

/// <summary>Who becomes a member by signing in through a connection, by its mode.</summary>
public abstract class JitModeTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Expected Expected => idp.Services.GetRequiredService<Expected>();

    private sealed record Scene(Organization Organization, string Host, Connection Connection);

    private async Task<Scene> NewSceneAsync(TestUpstream upstream, JitMode mode)
    {
        var organization = await idp.CreateOrganizationAsync(Ct);
        return new Scene(organization, await idp.VerifyDomainAsync(organization, Ct), await idp.ConnectAsync(organization, upstream, Ct, c => c with { Jit = mode, AllowOutsideDomains = true }));
    }

    private async Task<Error?> SignInAsync(Scene scene, string subject, string email, bool verified = true) => (await idp.TryAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
        scene.Connection.Id, new ExternalIdentity(scene.Connection.Issuer, subject, EmailAddress.Parse(email), verified, PersonName.None, []), new BrowserContext(null, "a test"), Ct))).Error;

    private Task<List<(RoleSource, string)>> RolesAsync(Scene scene) => idp.ReadAsync(async db =>
    {
        db.EnterOrganization(scene.Organization.Id);
        var held = await (from r in db.MembershipRoles join role in db.Roles on new { A = r.RoleOrganizationId, B = r.RoleId } equals new { A = role.OrganizationId, B = role.Id } select new { r.Source, role.Key }).ToListAsync(Ct);
        return held.Select(r => (r.Source, r.Key)).ToList();
    });

    [Theory, InlineData(JitMode.Off), InlineData(JitMode.InvitedOnly), InlineData(JitMode.ProvisionedOnly)]
    public async Task Nobody_joins_who_is_not_expected_and_nothing_is_left_of_the_try(JitMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (scene, elsewhere) = (await NewSceneAsync(upstream, mode), await NewSceneAsync(upstream, mode));
        Expected.Invited[(elsewhere.Organization.Id, $"jane@{scene.Host}")] = true; // another organization's is no invitation to this one
        Expected.Provisioned[(elsewhere.Organization.Id, $"jane@{scene.Host}")] = true;
        Expected.Invited[(scene.Organization.Id, $"unverified@{scene.Host}")] = true; // nor is one whose address is only said
        Expected.Provisioned[(scene.Organization.Id, $"unverified@{scene.Host}")] = true;

        Assert.Equal(SignInErrors.JitDisabled, await SignInAsync(scene, "jane", $"jane@{scene.Host}"));
        Assert.Equal(SignInErrors.JitDisabled, await SignInAsync(scene, "unverified", $"unverified@{scene.Host}", verified: false));

        Assert.Empty(await RolesAsync(scene));
        Assert.False(await idp.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == $"jane@{scene.Host}" || e.Normalized == $"unverified@{scene.Host}", Ct)));
    }

    [Theory, InlineData(JitMode.InvitedOnly), InlineData(JitMode.On)]
    public async Task Who_is_invited_joins_with_the_roles_of_the_invitation_once(JitMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await NewSceneAsync(upstream, mode);
        Expected.Invited[(scene.Organization.Id, $"jane@{scene.Host}")] = true;

        Assert.Null(await SignInAsync(scene, "jane", $"Jane@{scene.Host}"));
        Assert.Null(await SignInAsync(scene, "jane", $"Jane@{scene.Host}"));

        Assert.Equal([(RoleSource.Invitation, BuiltInRoles.Guest)], await RolesAsync(scene));
        Assert.False(Expected.Invited.ContainsKey((scene.Organization.Id, $"jane@{scene.Host}")));
    }

    [Fact]
    public async Task Whom_a_directory_knows_joins_with_the_default_role()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await NewSceneAsync(upstream, JitMode.ProvisionedOnly);
        Expected.Provisioned[(scene.Organization.Id, $"jane@{scene.Host}")] = true;

        Assert.Null(await SignInAsync(scene, "jane", $"jane@{scene.Host}"));

        Assert.Equal([(RoleSource.Jit, BuiltInRoles.Member)], await RolesAsync(scene));
    }

    [Theory, InlineData(JitMode.Off), InlineData(JitMode.InvitedOnly), InlineData(JitMode.ProvisionedOnly)]
    public async Task A_member_comes_in_by_any_mode(JitMode mode)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await NewSceneAsync(upstream, mode);
        await idp.AddMemberAsync(scene.Organization, await idp.CreateUserAsync($"jane@{scene.Host}", Ct), Ct);

        Assert.Null(await SignInAsync(scene, "jane", $"jane@{scene.Host}"));
    }
}

public sealed class JitModesOnSqlite(SqliteExpectingIdp idp) : JitModeTests(idp), IClassFixture<SqliteExpectingIdp>;

[Trait("Store", "PostgreSql")]
public sealed class JitModesOnPostgreSql(PostgreSqlExpectingIdp idp) : JitModeTests(idp), IClassFixture<PostgreSqlExpectingIdp>;
