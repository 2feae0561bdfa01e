using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>Single logout (SAML Profiles 4.4): a sign-out on either side reaches the other, and nobody else's word ends a session.</summary>
public abstract class SamlLogoutTests(IdpHost host) : SamlVisits(host)
{
    [Fact]
    public async Task A_sign_out_there_ends_the_session_here_and_its_grants()
    {
        var jane = await SignedInAsync();

        var answered = await new WebBrowser().GetAsync(Idp.Logout(new SamlLogout(jane.Slo, jane.NameId) { RelayState = "theirs" }), Ct, IsTheirs);

        var answer = TestSamlIdp.Read(answered.Address, "SAMLResponse");
        Assert.Contains("status:Success", answer.Xml.OuterXml, StringComparison.Ordinal);
        Assert.Equal("theirs", answer.RelayState);
        Assert.Equal(Idp.SloUrl, answered.Address.GetLeftPart(UriPartial.Path));
        Assert.True(QueryHelpers.ParseQuery(answered.Address.Query).ContainsKey("Signature"));
        Assert.Equal("invalid_grant", (string?)(await App.RefreshAsync(jane.Tokens.RefreshToken, Ct)).Body["error"]);
        Assert.Contains("\"sessions\":1", Assert.Single(await EventsAsync(jane.Connection, EventTypes.ConnectionLogoutReceived)), StringComparison.Ordinal);
        Assert.False(await IsSignedInAsync());
    }

    [Fact]
    [Trait("Attack", "A9")]
    public async Task A_connection_that_was_switched_off_ends_no_session()
    {
        var jane = await SignedInAsync();
        await Host.UseAsync<ConnectionService, Connection>(s => s.DisableAsync(jane.Connection.OrganizationId, jane.Connection.Id, Ct), jane.Connection.OrganizationId);
        using var theirs = new WebBrowser();

        var page = await theirs.GetAsync(Idp.Logout(new SamlLogout(jane.Slo, jane.NameId)), Ct, IsTheirs);

        Assert.NotEqual(HttpStatusCode.OK, page.Status);
        Assert.False(IsTheirs(page.Address), "It was answered as if it had been done.");
        Assert.True(await IsSignedInAsync());
        Assert.Empty(await EventsAsync(jane.Connection, EventTypes.ConnectionLogoutReceived));
    }

    [Fact]
    public async Task By_form_the_request_comes_without_a_cookie_and_is_answered_by_form()
    {
        var jane = await SignedInAsync(s => s with { SloBinding = new Patch<SamlBinding>(SamlBinding.Post) });
        using var elsewhere = new WebBrowser();

        var page = await elsewhere.SubmitAsync(await Idp.LogoutPageAsync(new SamlLogout(jane.Slo, jane.NameId) { RelayState = "<theirs>" }, Ct), new Dictionary<string, string>(), Ct);

        Assert.Equal(Idp.SloUrl, page.Form().GetAttribute("action"));
        Assert.Equal("<theirs>", page.Document.QuerySelector("input[name=RelayState]")!.GetAttribute("value")); // compared
        Assert.NotNull(page.Document.QuerySelector("input[name=SAMLResponse]"));
        Assert.False(await IsSignedInAsync());
    }

    [Fact]
    public async Task Only_the_named_session_ends()
    {
        var jane = await SignedInAsync();
        var index = await Host.ReadAsync(db => db.UpstreamSessions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(u => u.ConnectionId == jane.Connection.Id).Select(u => u.SessionIndex).SingleAsync(Ct));

        await new WebBrowser().GetAsync(Idp.Logout(new SamlLogout(jane.Slo, jane.NameId) { SessionIndexes = ["another"] }), Ct, IsTheirs);
        Assert.True(await IsSignedInAsync());
        await new WebBrowser().GetAsync(Idp.Logout(new SamlLogout(jane.Slo, "somebody-else") { SessionIndexes = [index!] }), Ct, IsTheirs);
        Assert.True(await IsSignedInAsync());
        await new WebBrowser().GetAsync(Idp.Logout(new SamlLogout(jane.Slo, jane.NameId) { SessionIndexes = ["another", index!] }), Ct, IsTheirs);
        Assert.False(await IsSignedInAsync());
    }

    /// <summary>What is wrong, and the rule that the trace names.</summary>
    public static TheoryData<string, string> BadRequests => new()
    {
        { "unsigned", "logout_signed" }, { "another key", "signature_value" }, { "another issuer", "logout_issuer" }, { "another destination", "logout_destination" }, { "too old", "logout_issue_instant" },
        { "changed after signing", "signature_value" }, { "not a message", "logout_carried" },
    };

    [Theory, MemberData(nameof(BadRequests))]
    [Trait("Attack", "A3")]
    public async Task A_request_that_is_wrong_ends_nothing_and_says_why(string what, string rule)
    {
        var jane = await SignedInAsync();
        using var rival = new TestSamlIdp(Idp.EntityId);
        var logout = new SamlLogout(jane.Slo, jane.NameId);
        var address = what switch
        {
            "unsigned" => Idp.Logout(logout, sign: false),
            "another key" => rival.Logout(logout),
            "another issuer" => Idp.Logout(logout with { Issuer = "https://rival.example" }),
            "another destination" => new Uri(Idp.Logout(logout with { Destination = "https://another.example/slo" }).AbsoluteUri.Replace("https://another.example/slo", jane.Slo, StringComparison.Ordinal)),
            "too old" => Idp.Logout(logout with { Now = TimeProvider.System.GetUtcNow().AddMinutes(-10) }),
            "changed after signing" => new Uri(Idp.Logout(logout with { RelayState = "a" }).AbsoluteUri.Replace("RelayState=a", "RelayState=b", StringComparison.Ordinal)),
            _ => new Uri(jane.Slo + "?SAMLRequest=%00%ff<>&SigAlg=x&Signature=y"),
        };

        using var stranger = new WebBrowser();
        var page = await stranger.GetAsync(address, Ct, IsTheirs);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        if (what != "not a message")
        {
            var trace = (await TracesAsync(jane.Connection)).Single(t => t.Outcome == TraceOutcome.Refused);
            Assert.Equal(rule, trace.Code);
            Assert.Contains(trace.TraceId, page.Text, StringComparison.Ordinal);
            Assert.Contains(rule, Assert.Single(await EventsAsync(jane.Connection, EventTypes.ConnectionLogoutRefused)), StringComparison.Ordinal);
        }

        Assert.True(await IsSignedInAsync());
    }

    [Fact]
    [Trait("Attack", "A2")]
    public async Task Another_organizations_identity_provider_ends_nothing_although_it_names_the_same_person()
    {
        var jane = await SignedInAsync();
        using var theirs = new TestSamlIdp($"https://{Host.UniqueHost()}");
        var other = await Host.ConnectSamlAsync(await Host.CreateOrganizationAsync(Ct), theirs, Ct, s => s with { SloUrl = new Patch<string>(theirs.SloUrl) });

        await new WebBrowser().GetAsync(theirs.Logout(new SamlLogout($"{Host.Issuer}/sso/saml/{other.Id}/slo", jane.NameId)), Ct, a => a.AbsoluteUri.StartsWith(theirs.SloUrl, StringComparison.Ordinal));
        var page = await new WebBrowser().GetAsync(theirs.Logout(new SamlLogout(jane.Slo, jane.NameId)), Ct, IsTheirs);

        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.True(await IsSignedInAsync());
    }

    [Fact]
    public async Task A_request_is_used_once()
    {
        var jane = await SignedInAsync();
        var address = Idp.Logout(new SamlLogout(jane.Slo, jane.NameId));
        await new WebBrowser().GetAsync(address, Ct, IsTheirs);
        await SignInAgainAsync(jane);

        var again = await new WebBrowser().GetAsync(address, Ct, IsTheirs);

        Assert.Equal(HttpStatusCode.Conflict, again.Status);
        Assert.Contains("logout_replayed", again.Text, StringComparison.Ordinal);
        Assert.True(await IsSignedInAsync());
    }

    [Theory, InlineData(SamlBinding.Redirect), InlineData(SamlBinding.Post)]
    public async Task A_sign_out_at_the_app_goes_through_the_identity_provider_and_back_to_the_app(SamlBinding binding)
    {
        var jane = await SignedInAsync(s => s with { SloBinding = new Patch<SamlBinding>(binding) });
        var end = $"{Host.Issuer}/connect/endsession?id_token_hint={jane.Tokens.Body["id_token"]}&post_logout_redirect_uri={Uri.EscapeDataString(App.App.RedirectUri + "/out")}&state=xyz";

        var page = await Browser.GetAsync(end, Ct, IsTheirs);
        var request = binding == SamlBinding.Redirect ? TestSamlIdp.Read(page.Address) : TestSamlIdp.Read(page);

        Assert.Equal((jane.NameId, "LogoutRequest"), (request.Xml["NameID", TestSamlIdp.Assertion]!.InnerText, request.Xml.LocalName)); // compared
        Assert.StartsWith("s-", request.Xml["SessionIndex", TestSamlIdp.Protocol]!.InnerText, StringComparison.Ordinal); // compared
        Assert.False(await IsSignedInAsync());
        var back = binding == SamlBinding.Redirect
            ? await Browser.GetAsync(Idp.LoggedOut(request, jane.Slo), Ct, IsOut)
            : await Browser.SubmitAsync(await Idp.LoggedOutPageAsync(request, jane.Slo, Ct), new Dictionary<string, string>(), Ct, stopAt: IsOut);
        Assert.True(IsOut(back.Address), $"{back.Address}: {back.Text}");
        Assert.EndsWith("state=xyz", back.Address.Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sign_out_here_ends_on_our_page()
    {
        var jane = await SignedInAsync();

        var page = await Browser.SubmitAsync(await Browser.GetAsync($"{Host.Issuer}/signout", Ct), new Dictionary<string, string>(), Ct, stopAt: IsTheirs);
        var done = await Browser.GetAsync(Idp.LoggedOut(TestSamlIdp.Read(page.Address), jane.Slo, "urn:oasis:names:tc:SAML:2.0:status:Responder"), Ct);

        Assert.Contains("You are signed out", done.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Browser.Cookies.GetAllCookies(), c => c.Name.Contains("sso-signout", StringComparison.Ordinal) && !c.Expired);
    }

    [Fact]
    public async Task Who_signed_in_at_two_is_signed_out_at_both()
    {
        var jane = await SignedInAsync();
        using var second = new TestSamlIdp($"https://{Host.UniqueHost()}");
        var (_, domain, other) = await ConnectAsync(second, null);
        var pending = App.Authorize(("organization", other.OrganizationId.ToString()), ("login_hint", $"jane@{domain}"), ("connection", other.Id.ToString()), ("prompt", "login"));
        var page = await Browser.GetAsync(pending.Address, Ct, second.IsHere);
        await Browser.SubmitAsync(await second.PageAsync(second.Answer(TestSamlIdp.Read(page.Address), "j-2", $"jane@{domain}"), Ct), new Dictionary<string, string>(), Ct, stopAt: App.IsCallback);
        // Another person of another connection: a session of its own.
        var session = await Host.ReadAsync(db => db.UpstreamSessions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(u => u.ConnectionId == other.Id).Select(u => u.SessionId).SingleAsync(Ct));

        var asked = await Browser.SubmitAsync(await Browser.GetAsync($"{Host.Issuer}/signout", Ct), new Dictionary<string, string>(), Ct, stopAt: a => a.AbsoluteUri.StartsWith(second.SloUrl, StringComparison.Ordinal));
        var done = await Browser.GetAsync(second.LoggedOut(TestSamlIdp.Read(asked.Address), $"{Host.Issuer}/sso/saml/{other.Id}/slo"), Ct);

        Assert.Contains("You are signed out", done.Text, StringComparison.Ordinal);
        Assert.NotNull(await Host.ReadAsync(db => db.Sessions.Where(s => s.Id == session).Select(s => s.EndedAt).SingleAsync(Ct)));
        Assert.NotEqual(jane.Connection.Id, other.Id);
    }

    [Fact]
    public async Task An_answer_that_nobody_waits_for_and_a_foreign_handle_lead_to_our_page()
    {
        var jane = await SignedInAsync();
        var page = await Browser.SubmitAsync(await Browser.GetAsync($"{Host.Issuer}/signout", Ct), new Dictionary<string, string>(), Ct, stopAt: IsTheirs);
        using var another = new WebBrowser();

        var answered = await another.GetAsync(Idp.LoggedOut(TestSamlIdp.Read(page.Address), jane.Slo), Ct);
        var invented = await another.GetAsync($"{Host.Issuer}/sso/signout?h=invented", Ct);

        Assert.All([answered, invented], p => Assert.Equal("/signout", p.Address.AbsolutePath));
    }

    [Fact]
    public async Task What_a_session_is_called_there_is_forgotten_when_it_has_ended_and_not_before()
    {
        var jane = await SignedInAsync();
        Task<int> RememberedAsync() => Host.ReadAsync(db => db.UpstreamSessions.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).CountAsync(u => u.ConnectionId == jane.Connection.Id, Ct));
        Task PruneAsync() => Host.UseAsync<Pruning, bool>(async p =>
        {
            await p.PruneAsync(Ct);
            return true;
        });

        await PruneAsync();
        Assert.Equal(1, await RememberedAsync());
        await new WebBrowser().GetAsync(Idp.Logout(new SamlLogout(jane.Slo, jane.NameId)), Ct, IsTheirs);
        await PruneAsync();
        Assert.Equal(0, await RememberedAsync());
    }

    [Fact]
    public async Task The_metadata_names_the_logout_address_for_both_bindings()
    {
        var jane = await SignedInAsync();

        var metadata = await Host.Http.GetStringAsync(new Uri($"{Host.Issuer}/sso/saml/{jane.Connection.Id}/metadata"), Ct);

        Assert.Equal(2, metadata.Split($"Location=\"{jane.Slo}\"").Length - 1);
    }

    [Fact]
    [Trait("Attack", "G3")]
    public async Task A_flood_of_forged_messages_is_written_down_so_many_times_only()
    {
        var jane = await SignedInAsync();
        var forged = Idp.Logout(new SamlLogout(jane.Slo, jane.NameId), sign: false);
        using var stranger = new WebBrowser();

        for (var i = 0; i < 40; i++) Assert.Equal(HttpStatusCode.BadRequest, (await stranger.GetAsync(forged, Ct)).Status);

        Assert.Equal(30, (await EventsAsync(jane.Connection, EventTypes.ConnectionLogoutRefused)).Count);
        Assert.True(await IsSignedInAsync());
    }

    private sealed record SignedInPerson(Connection Connection, string Domain, string NameId, string Slo, TokenAnswer Tokens);

    private async Task<SignedInPerson> SignedInAsync(Func<SamlConnectionChanges, SamlConnectionChanges>? change = null)
    {
        var (_, domain, connection) = await ConnectAsync(Idp, change);
        var person = new SignedInPerson(connection, domain, "jane-1", $"{Host.Issuer}/sso/saml/{connection.Id}/slo", null!); // given at once
        return person with { Tokens = await SignInAgainAsync(person) };
    }

    private async Task<TokenAnswer> SignInAgainAsync(SignedInPerson person)
    {
        var (pending, request) = await LeaveAsync(person.Domain, Idp);
        return await RedeemAsync(await ReturnAsync(Idp, Idp.Answer(request, person.NameId, $"jane@{person.Domain}")), pending);
    }

    private async Task<(Core.Organizations.Organization Organization, string Domain, Connection Connection)> ConnectAsync(TestSamlIdp idp, Func<SamlConnectionChanges, SamlConnectionChanges>? change)
    {
        var organization = await Host.CreateOrganizationAsync(Ct);
        var domain = await Host.VerifyDomainAsync(organization, Ct);
        return (organization, domain, await Host.ConnectSamlAsync(organization, idp, Ct, s => (change?.Invoke(s) ?? s) with { SloUrl = new Patch<string>(idp.SloUrl) }));
    }

    private bool IsTheirs(Uri address) => address.AbsoluteUri.StartsWith(Idp.SloUrl, StringComparison.Ordinal);

    private bool IsOut(Uri address) => address.AbsoluteUri.StartsWith(App.App.RedirectUri + "/out", StringComparison.Ordinal);

    private async Task<bool> IsSignedInAsync() => (await Browser.GetAsync($"{Host.Issuer}/signout", Ct)).Text.Contains("Sign out?", StringComparison.Ordinal);

    private Task<List<string>> EventsAsync(Connection connection, string type)
    {
        var target = connection.Id.ToString();
        return Host.ReadAsync(db => db.Events.IgnoreQueryFilters([IdpDbContext.OrganizationFilter]).Where(e => e.TargetId == target && e.Type == type).Select(e => e.Data).ToListAsync(Ct));
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamlLogoutOnSqlite(SqliteIdp host) : SamlLogoutTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamlLogoutOnPostgreSql(PostgreSqlIdp host) : SamlLogoutTests(host);
