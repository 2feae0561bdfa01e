using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Invitations;
using Xunit;

namespace TenantIdP.Tests.SignIn;

/// <summary>
/// Whose domain belongs to an employer's identity provider signs in there: no organization that they, or somebody who found their old password, own is a way past it (SECURITY.md D11).
/// </summary>
public abstract class EmployerPasswordTests(IdpHost idp)
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private sealed record Scene(Organization Employer, string Host, User Eve, Organization Own, RelyingParty App);

    /// <summary>Eve is with an employer whose single sign-on is optional and routes, and owns an organization that takes nobody else's sign-in and has none itself.</summary>
    private async Task<Scene> SceneAsync(TestUpstream upstream)
    {
        var (employer, own, host) = (await idp.CreateOrganizationAsync(Ct), await idp.CreateOrganizationAsync(Ct), idp.UniqueHost());
        await idp.VerifyDomainAsync(employer, Ct, host);
        await idp.ConnectAsync(employer, upstream, Ct);
        var eve = await idp.CreateUserAsync($"eve@{host}", Ct);
        await idp.AddMemberAsync(employer, eve, Ct);
        await idp.AddMemberAsync(own, eve, Ct, BuiltInRoles.Owner);
        await idp.UseAsync<OrganizationService, Organization>(s => s.UpdateAsync(own.Id, new OrganizationChanges { AcceptHomeSso = false }, Granter.Instance, null, Ct));
        return new Scene(employer, host, eve, own, await idp.CreateAppAsync(Ct));
    }

    [Theory, InlineData(true), InlineData(false)]
    [Trait("Attack", "D11")]
    public async Task A_password_is_as_wrong_as_any_whichever_organization_the_app_names(bool isOwn)
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        using var browser = new WebBrowser();
        var pin = isOwn ? scene.Own.Id.ToString() : "no-such-organization";
        var page = await browser.GetAsync(scene.App.Authorize(("organization", pin)).Address, Ct, scene.App.IsCallback);
        if (!isOwn) page = await browser.GetAsync($"{idp.Issuer}/signin", Ct); // authorize refuses it: as the form of a device would

        page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = $"eve@{scene.Host}" }, Ct, stopAt: a => a.AbsoluteUri.StartsWith(upstream.Issuer, StringComparison.Ordinal));
        if (page.Document.QuerySelector("input[name=password]") is not null)
            page = await browser.SubmitAsync(page, new Dictionary<string, string> { ["password"] = IdpHost.Password }, Ct, stopAt: scene.App.IsCallback);

        Assert.False(scene.App.IsCallback(page.Address));
        Assert.False(await idp.ReadAsync(db => db.Sessions.AnyAsync(s => s.UserId == scene.Eve.Id, Ct)));
    }

    [Fact]
    [Trait("Attack", "D11")]
    public async Task An_invitation_gives_nobody_a_password_beside_the_identity_provider_of_their_employer()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var invitations = new InvitationScene(idp);
        var email = $"new@{scene.Host}";
        await invitations.InviteAsync(scene.Own, email, Ct, BuiltInRoles.Member);
        using var browser = new WebBrowser();
        var page = await browser.GetAsync(await invitations.LinkAsync(email, Ct), Ct);

        page = await invitations.AnswerAsync(browser, page, "accept", Ct, a => a.AbsoluteUri.StartsWith(upstream.Issuer, StringComparison.Ordinal));

        Assert.StartsWith(upstream.Issuer, page.Address.AbsoluteUri, StringComparison.Ordinal);
        page = await browser.GetAsync($"{idp.Issuer}/invitation/account", Ct);
        Assert.Null(page.Document.QuerySelector("input[name=password]"));
        Assert.False(await idp.ReadAsync(db => db.UserEmails.AnyAsync(e => e.Normalized == email, Ct)));
    }

    [Fact]
    [Trait("Attack", "F5")]
    public async Task Another_site_that_names_a_connection_signs_nobody_in()
    {
        await using var upstream = await TestUpstream.StartAsync(Ct);
        var scene = await SceneAsync(upstream);
        var connection = await idp.ReadAsync(db => db.Connections.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).SingleAsync(c => c.OrganizationId == scene.Employer.Id, Ct));
        var victim = await idp.CreateUserAsync($"victim@{idp.UniqueHost()}", Ct);
        using var browser = (await idp.SignedInAsync(victim, Ct)).Browser;
        upstream.SignsIn("u-attacker", $"attacker@{scene.Host}");

        var page = await browser.GetAsync($"{idp.Issuer}/signin?connection={connection.Id}", Ct);

        Assert.Equal("/signin", page.Address.AbsolutePath);
        Assert.Contains("You are signed in", (await browser.GetAsync($"{idp.Issuer}/", Ct)).Text, StringComparison.Ordinal);
        Assert.True(await idp.ReadAsync(db => db.Sessions.AnyAsync(s => s.UserId == victim.Id && s.EndedAt == null, Ct)));
    }
}

[Collection(SqliteHost.Name)]
public sealed class EmployerPasswordOnSqlite(SqliteIdp idp) : EmployerPasswordTests(idp);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class EmployerPasswordOnPostgreSql(PostgreSqlIdp idp) : EmployerPasswordTests(idp);
