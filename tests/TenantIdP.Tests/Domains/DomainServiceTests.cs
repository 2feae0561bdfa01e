using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Tests.Management;
using Xunit;

namespace TenantIdP.Tests.Domains;

public abstract class DomainServiceTests(ManagementHost host)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string NewHost() => $"{ManagementHost.Unique("d")}.example.test";

    private Task<Result<OrganizationDomain>> ClaimAsync(Id<Organization> organization, string pasted) =>
        host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.ClaimAsync(organization, pasted, false, Ct));

    private Task<Result<OrganizationDomain>> VerifyAsync(Id<Organization> organization, Id<OrganizationDomain> domain) =>
        host.UseAsync<DomainService, Result<OrganizationDomain>>(organization, d => d.VerifyByOperatorAsync(organization, domain, "Contract on file", Ct));

    [Theory]
    [InlineData("HTTPS://{0}/login?x=1")]
    [InlineData(" @{0}. ")]
    public async Task A_pasted_address_claims_its_host(string form)
    {
        var organization = await host.NewOrganizationAsync(Ct);
        var name = NewHost();
        var claimed = await ClaimAsync(organization, string.Format(System.Globalization.CultureInfo.InvariantCulture, form, name));
        Assert.Equal(name, claimed.Value!.Host.Value); // it is Ok
        Assert.False(claimed.Value.IsVerified);
        Assert.Equal(DomainErrors.AlreadyClaimed, (await ClaimAsync(organization, name)).Error);
    }

    [Theory]
    [InlineData("")]
    [InlineData("localhost")]
    [InlineData("10.0.0.1")]
    [InlineData("http://[::1]/")]
    [InlineData("a b.example")]
    public async Task What_is_no_host_is_refused(string pasted)
    {
        var organization = await host.NewOrganizationAsync(Ct);
        Assert.Equal(DomainErrors.HostInvalid, (await ClaimAsync(organization, pasted)).Error);
    }

    [Fact]
    [Trait("Fault", "R8")]
    public async Task Of_ten_organizations_that_verify_a_host_at_once_one_holds_it()
    {
        var name = NewHost();
        var claims = new List<(Id<Organization> Organization, Id<OrganizationDomain> Domain)>();
        for (var i = 0; i < 10; i++)
        {
            var organization = await host.NewOrganizationAsync(Ct);
            claims.Add((organization, (await ClaimAsync(organization, name)).Value!.Id)); // many may claim
        }

        var results = await Task.WhenAll(claims.Select(c => VerifyAsync(c.Organization, c.Domain)));
        Assert.Single(results, r => r.IsOk);
        Assert.All(results.Where(r => !r.IsOk), r => Assert.Equal(DomainErrors.Unavailable, r.Error));

        // Released, it can be verified by another; the first holder's claim is gone.
        var winner = results.Single(r => r.IsOk).Value!; // it is Ok
        Assert.True((await host.UseAsync<DomainService, Result>(winner.OrganizationId, d => d.ReleaseAsync(winner.OrganizationId, winner.Id, Ct))).IsOk);
        var next = claims.First(c => c.Organization != winner.OrganizationId);
        Assert.True((await VerifyAsync(next.Organization, next.Domain)).IsOk);
        Assert.Equal(DomainErrors.AlreadyVerified, (await VerifyAsync(next.Organization, next.Domain)).Error);
    }

    [Fact]
    public async Task A_refused_verification_leaves_no_event()
    {
        var name = NewHost();
        var (holder, other) = (await host.NewOrganizationAsync(Ct), await host.NewOrganizationAsync(Ct));
        Assert.True((await VerifyAsync(holder, (await ClaimAsync(holder, name)).Value!.Id)).IsOk); // it is Ok
        Assert.Equal(DomainErrors.Unavailable, (await VerifyAsync(other, (await ClaimAsync(other, name)).Value!.Id)).Error); // it is Ok
        Assert.Equal(1, await host.ReadAsync(holder, db => db.Events.CountAsync(e => e.Type == EventTypes.DomainVerified, Ct)));
        Assert.Equal(0, await host.ReadAsync(other, db => db.Events.CountAsync(e => e.Type == EventTypes.DomainVerified, Ct)));
    }
}

public sealed class DomainServiceOnSqlite(SqliteManagement host) : DomainServiceTests(host), IClassFixture<SqliteManagement>;

[Trait("Store", "PostgreSql")]
public sealed class DomainServiceOnPostgreSql(PostgreSqlManagement host) : DomainServiceTests(host), IClassFixture<PostgreSqlManagement>;
