using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>A sign-in joins nobody whose address the organization does not take.</summary>
public abstract class MembershipDomainSignInTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private Task<Result<FederationOutcome>> SignInAsync(Connection connection, string subject, string email, bool verified) =>
        idp.TryAsync<SignInService, FederationOutcome>(s => s.FederateAsync(
            connection.Id, new ExternalIdentity(connection.Issuer, subject, EmailAddress.Parse(email), verified, PersonName.None, []), new BrowserContext(null, "a test"), Ct));

    [Fact]
    [Trait("Attack", "A2")]
    public async Task An_address_of_another_organizations_domain_joins_nobody_and_the_own_people_are_not_blocked()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var (owner, other) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct));
        var (owned, own) = (await idp.VerifyDomainAsync(owner, Ct), await idp.VerifyDomainAsync(other, Ct));
        var (strict, open) = (await idp.ConnectAsync(other, upstream, Ct), await idp.ConnectAsync(other, upstream, Ct, wanted => wanted with { AllowOutsideDomains = true }));
        var jane = await idp.CreateUserAsync($"jane@{owned}", Ct);
        var guest = await idp.UseAsync<UserService, User>(s => s.CreateAsync(new NewUser([new($"kim@{owned}", true), new($"kim@{own}", true)], "Kim"), Ct));

        Assert.Equal(SignInErrors.EmailDomainNotAllowed, (await SignInAsync(strict, "jane", $"jane@{owned}", true)).Error);
        var admitted = await SignInAsync(open, "jane", $"jane@{owned}", true);
        Assert.NotEqual(jane.Id, admitted.Value?.SignedIn?.Session.UserId); // somebody, and not the one who has verified the address
        Assert.Equal(1, await idp.ReadAsync(db => db.UserEmails.CountAsync(e => e.Normalized == $"jane@{owned}" && e.VerifiedAt != null, Ct)));

        // Who has an address of the other organization, too, comes in by their own one.
        Assert.Equal(guest.Id, (await SignInAsync(strict, "kim", $"kim@{own}", true)).Value?.SignedIn?.Session.UserId);
    }

    [Fact]
    public async Task Just_in_time_keeps_the_rule_and_leaves_nothing_half_made()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var organization = await idp.CreateOrganizationAsync(Ct);
        var (domain, outside) = (await idp.VerifyDomainAsync(organization, Ct), idp.UniqueHost());
        var connection = await idp.ConnectAsync(organization, upstream, Ct, wanted => wanted with { AllowOutsideDomains = true });
        var before = await SignInAsync(connection, "before", $"before@{outside}", true);
        await idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(organization.Id, new OrganizationChanges { MembershipDomains = MembershipDomains.VerifiedOnly }, Granter.Instance, null, Ct));

        var inside = await SignInAsync(connection, "inside", $"inside@{domain}", true);
        var elsewhere = await SignInAsync(connection, "elsewhere", $"elsewhere@{outside}", true);
        var unverified = await SignInAsync(connection, "unverified", $"unverified@{domain}", false); // somebody else's address, for all that anybody knows
        var again = await SignInAsync(connection, "before", $"before@{outside}", true);

        Assert.True(before.IsOk, before.Error?.Code);
        Assert.True(inside.IsOk, inside.Error?.Code);
        Assert.Equal([SignInErrors.EmailDomainNotAllowed, SignInErrors.EmailDomainNotAllowed], [elsewhere.Error, unverified.Error]);
        Assert.True(again.IsOk, again.Error?.Code); // who was in stays
        Assert.Equal(2, await idp.ReadAsync(db => db.Memberships.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(m => m.OrganizationId == organization.Id, Ct)));
        Assert.False(await idp.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == $"elsewhere@{outside}" || e.Normalized == $"unverified@{domain}", Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class MembershipDomainSignInsOnSqlite(SqliteIdp idp) : MembershipDomainSignInTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class MembershipDomainSignInsOnPostgreSql(PostgreSqlIdp idp) : MembershipDomainSignInTests(idp);
