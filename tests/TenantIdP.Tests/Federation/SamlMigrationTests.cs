using System.Net;
using Microsoft.AspNetCore.Http;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;
using TenantIdP.Testing.Upstreams;
using TenantIdP.Tests.Outbound;
using Xunit;

namespace TenantIdP.Tests.Federation;

/// <summary>A customer who comes from another product, or whose identity provider changes its key: nobody there touches anything.</summary>
public abstract class SamlMigrationTests(IdpHost host) : SamlVisits(host)
{
    [Theory, InlineData("former"), InlineData("own")]
    public async Task A_response_to_the_address_from_before_reaches_its_connection(string where)
    {
        var path = $"/saml2/{Host.Unique("acs")}/consume";
        var alias = where == "former" ? $"http://{Host.FormerHost}{path}" : Host.Issuer + path;
        var (domain, connection) = await AcmeAsync(s => s with { AcsAliases = new Patch<IReadOnlyList<string>>([alias]), EntityIdAliases = new Patch<IReadOnlyList<string>>(["urn:before"]) });
        var (pending, request) = await LeaveAsync(domain, Idp);
        var answer = Idp.Answer(request, "p-1", $"jane@{domain}");
        (answer.Destination, answer.Recipient, answer.Audience) = (alias, alias, "urn:before");

        using var posted = await PostAsync(alias, path, Idp.Sign(answer));

        Assert.True(posted.StatusCode == HttpStatusCode.SeeOther, await posted.Content.ReadAsStringAsync(Ct));
        var there = new Uri(new Uri(Host.Issuer), posted.Headers.Location!); // a redirect has a location
        Assert.Equal($"/sso/saml/{connection.Id}/finish", there.AbsolutePath);
        Assert.Equal(Host.Issuer, there.GetLeftPart(UriPartial.Authority));
        Assert.True((await RedeemAsync(await Browser.GetAsync(there, Ct, App.IsCallback), pending)).IsOk);
    }

    [Fact]
    [Trait("Attack", "B2")]
    public async Task Nothing_else_passes_under_a_former_host()
    {
        var path = $"/saml2/{Host.Unique("acs")}/consume";
        var alias = $"http://{Host.FormerHost}{path}";
        await AcmeAsync(s => s with { AcsAliases = new Patch<IReadOnlyList<string>>([alias]) });

        foreach (var (method, address) in new[] { (HttpMethod.Get, path), (HttpMethod.Post, path + "x"), (HttpMethod.Post, "/signin"), (HttpMethod.Get, "/signin"), (HttpMethod.Post, "/connect/token") })
        {
            using var request = new HttpRequestMessage(method, Host.Issuer + address);
            if (method == HttpMethod.Post) request.Content = new FormUrlEncodedContent([new("SAMLResponse", "x")]);
            request.Headers.Host = Host.FormerHost;
            using var answer = await Host.Http.SendAsync(request, Ct);
            Assert.True(answer.StatusCode == HttpStatusCode.BadRequest, $"{method} {address}: {answer.StatusCode}");
        }

        using var unknown = await PostAsync(Host.Issuer + path, path, "x"); // the same path at our own host is nobody's
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_response_for_one_address_is_refused_at_anothers()
    {
        var path = $"/saml2/{Host.Unique("acs")}/consume";
        var alias = $"http://{Host.FormerHost}{path}";
        var (_, connection) = await AcmeAsync(s => s with { AcsAliases = new Patch<IReadOnlyList<string>>([alias]) });
        using var other = new TestSamlIdp($"https://{Host.UniqueHost()}");
        var theirs = await Host.CreateOrganizationAsync(Ct);
        var domain = await Host.VerifyDomainAsync(theirs, Ct);
        await Host.ConnectSamlAsync(theirs, other, Ct);
        var (_, request) = await LeaveAsync(domain, other);

        using var posted = await PostAsync(alias, path, other.Sign(other.Answer(request, "p-1", $"jane@{domain}")));

        Assert.Equal(HttpStatusCode.BadRequest, posted.StatusCode);
        Assert.Single(await RefusalsAsync(connection));
    }

    [Fact]
    public async Task A_signature_by_the_providers_next_key_is_accepted_after_its_metadata_was_read_again()
    {
        using var next = new TestSamlIdp(Idp.EntityId);
        await using var metadata = await LoopbackServer.StartAsync(context => context.Response.WriteAsync(Metadata(Idp, next), Ct), Ct, tls: false);
        var (domain, connection) = await AcmeAsync(s => s with { MetadataUrl = new Patch<string>($"http://127.0.0.1:{metadata.Port}/metadata") });
        var (pending, request) = await LeaveAsync(domain, Idp);

        var tokens = await RedeemAsync(await ReturnAsync(next, next.Answer(request, "p-1", $"jane@{domain}")), pending);

        Assert.True(tokens.IsOk);
        Assert.Equal(1, metadata.Requests);
        Assert.Contains(Assert.Single(await TracesAsync(connection)).Steps, s => s is { Check: "metadata_read_again", Verdict: TraceVerdict.Noted });
    }

    [Fact]
    [Trait("Attack", "G4")]
    public async Task Forged_responses_make_nobody_fetch_more_than_once()
    {
        using var forger = new TestSamlIdp(Idp.EntityId);
        await using var metadata = await LoopbackServer.StartAsync(context => context.Response.WriteAsync(Metadata(Idp), Ct), Ct, tls: false);
        var (domain, connection) = await AcmeAsync(s => s with { MetadataUrl = new Patch<string>($"http://127.0.0.1:{metadata.Port}/metadata") });
        var (_, request) = await LeaveAsync(domain, Idp);

        for (var i = 0; i < 4; i++) Assert.Equal(HttpStatusCode.BadRequest, (await ReturnAsync(forger, forger.Answer(request, "p-1", $"jane@{domain}"))).Status);

        Assert.Equal(1, metadata.Requests);
        Assert.All(await TracesAsync(connection), t => Assert.Equal("signature_value", t.Code));
        await AssertNobodyAsync(connection);
    }

    [Fact]
    public async Task Where_unasked_answers_start_must_be_an_app_that_says_where()
    {
        var organization = await Host.CreateOrganizationAsync(Ct);
        var silent = await Host.CreateAppAsync(Ct);
        foreach (var app in new[] { "app_unknown", silent.App.ClientId })
        {
            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => Host.UseAsync<SamlConnectionService, Connection>(s => s.CreateAsync(organization.Id, new NewSamlConnection("SAML", new SamlConnectionChanges
            {
                EntityId = new Patch<string>(Idp.EntityId), SsoUrl = new Patch<string>(Idp.SsoUrl), IdpInitiatedApp = new Patch<string>(app),
            }), Granter.Instance, Ct), organization.Id));
            Assert.StartsWith(SamlErrors.AppInvalid.Code, refused.Message, StringComparison.Ordinal);
        }
    }

    private static string Metadata(params TestSamlIdp[] keys) => $"""
        <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{keys[0].EntityId}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        {string.Concat(keys.Select(k => $"<md:KeyDescriptor use=\"signing\"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{k.Certificate.Der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"))}
        <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{keys[0].SsoUrl}"/></md:IDPSSODescriptor></md:EntityDescriptor>
        """;

    private async Task<(string Domain, Connection Connection)> AcmeAsync(Func<SamlConnectionChanges, SamlConnectionChanges> change)
    {
        var acme = await Host.CreateOrganizationAsync(Ct);
        return (await Host.VerifyDomainAsync(acme, Ct), await Host.ConnectSamlAsync(acme, Idp, Ct, change));
    }

    private Task<HttpResponseMessage> PostAsync(string alias, string path, string response)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Host.Issuer + path) { Content = new FormUrlEncodedContent([new("SAMLResponse", response), new("RelayState", "")]) };
        request.Headers.Host = new Uri(alias).Authority;
        return Host.Http.SendAsync(request, Ct);
    }
}

[Collection(SqliteHost.Name)]
public sealed class SamlMigrationOnSqlite(SqliteIdp host) : SamlMigrationTests(host);

[Collection(PostgreSqlHost.Name)]
[Trait("Store", "PostgreSql")]
public sealed class SamlMigrationOnPostgreSql(PostgreSqlIdp host) : SamlMigrationTests(host);
