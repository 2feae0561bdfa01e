using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Tokens;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Roles;

/// <summary>A change that was refused is not written by whatever the same unit of work saves next.</summary>
public abstract class RefusedChangeTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private async Task AfterARefusalAsync(Id<Organization> organization, Func<IServiceProvider, Task<Error?>> refused)
    {
        await using var scope = host.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        db.EnterOrganization(organization);
        Assert.NotNull(await refused(scope.ServiceProvider));
        Assert.False(db.ChangeTracker.HasChanges());
        scope.ServiceProvider.GetRequiredService<EventLog>().Record(EventTypes.SignInRefused, organization, "next");
        await db.SaveChangesAsync(Ct);
    }

    [Fact]
    [Trait("Attack", "C10")]
    public async Task A_refused_widening_of_a_role_is_forgotten()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var role = (await host.UseAsync<RoleService, Result<Role>>(organization, r => r.CreateAsync(organization, new NewRole(ManagementHost.Unique("r"), "Role", []), Granter.Instance, Ct))).Value!; // valid input
        var wide = new RoleChanges { DisplayName = new Patch<string>("Wide"), Permissions = new Patch<IReadOnlyList<string>>([Permission.ConnectionsWrite]) };

        await AfterARefusalAsync(organization, async s => (await s.GetRequiredService<RoleService>().UpdateAsync(organization, role.Id, wide, Granter.Holding([new HeldRole(BuiltInRoles.Guest, [])]), null, Ct)).Error);

        var stored = await host.ReadAsync(organization, db => db.Roles.SingleAsync(r => r.Id == role.Id, Ct));
        Assert.Equal(("Role", 0), (stored.DisplayName, stored.Permissions.Count));
    }

    [Fact]
    public async Task A_refused_change_of_an_organization_is_forgotten()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var before = await host.ReadAsync(organization, db => db.Organizations.SingleAsync(o => o.Id == organization, Ct));
        var changes = new OrganizationChanges { DisplayName = new Patch<string>("Another name"), RequireSso = new Patch<bool>(true) };

        await AfterARefusalAsync(organization, async s => (await s.GetRequiredService<OrganizationService>().UpdateAsync(organization, changes, Granter.Instance, null, Ct)).Error);

        Assert.Equal(before.DisplayName, (await host.ReadAsync(organization, db => db.Organizations.SingleAsync(o => o.Id == organization, Ct))).DisplayName);
    }

    [Fact]
    public async Task What_a_failed_transaction_added_and_took_away_is_forgotten()
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var member = await host.NewMemberAsync(organization, BuiltInRoles.Member, Ct);

        await AfterARefusalAsync(organization, async s =>
        {
            var db = s.GetRequiredService<IdpDbContext>();
            var result = await db.InTransactionAsync<bool>(
                async () =>
                {
                    var membership = await db.Memberships.Include(m => m.Roles).SingleAsync(m => m.Id == member.Membership.Id, Ct);
                    var now = TimeProvider.System.GetUtcNow();
                    membership.Grant(await db.Roles.SingleAsync(r => r.Key == BuiltInRoles.Owner && r.OrganizationId == Organization.Instance, Ct), RoleSource.Api, "", now);
                    membership.Revoke(membership.Roles[0].RoleId, RoleSource.Api, now);
                    return MemberErrors.LastOwner;
                }, Ct);
            return result.Error;
        });

        var stored = await host.UseAsync<MemberList, Result<Member>>(organization, m => m.FindAsync(organization, member.Membership.Id, Ct));
        Assert.Equal(BuiltInRoles.Member, Assert.Single(stored.Value!.Roles).Key); // just read
    }
}

public sealed class RefusedChangeOnSqlite(SqliteManagement host) : RefusedChangeTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class RefusedChangeOnPostgreSql(PostgreSqlManagement host) : RefusedChangeTests(host), IClassFixture<PostgreSqlManagement>;
