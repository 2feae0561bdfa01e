using System.Net;
using Microsoft.AspNetCore.Http;
using TenantIdP.Server.Http.Outbound;
using Xunit;

namespace TenantIdP.Tests.Outbound;

[Trait("Attack", "G1")]
public sealed class OutboundRedirectTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("https://127.0.0.1/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://[::1]/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://169.254.169.254/latest/meta-data/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://inner.corp.test/", OutboundRefusal.AddressNotPublic)]
    [InlineData("//10.0.0.1/", OutboundRefusal.AddressNotPublic)]
    [InlineData("https://2130706433/", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://localhost./", OutboundRefusal.HostNotAllowed)]
    [InlineData("https://user@idp.corp.test/", OutboundRefusal.UrlNotAllowed)]
    [InlineData("https://public.test:8443/", OutboundRefusal.PortNotAllowed)]
    [InlineData("http://public.test/", OutboundRefusal.Redirected)]
    [InlineData("http://127.0.0.1/", OutboundRefusal.Redirected)]
    [InlineData("file:///etc/passwd", OutboundRefusal.Redirected)]
    [InlineData("", OutboundRefusal.Redirected)]
    public async Task A_redirect_to_a_place_that_would_be_refused_is_refused(string location, OutboundRefusal reason)
    {
        await using var server = await LoopbackServer.StartAsync(RedirectTo(_ => location), Ct);
        using var client = ClientFor(server);

        var refused = await client.RefusedAsync($"https://idp.corp.test:{server.Port}/", OutboundRedirects.Anywhere);

        Assert.Equal(reason, refused.Reason);
        Assert.Equal(1, server.Requests);
        Assert.Single(client.Dialled);
    }

    [Theory]
    [InlineData(OutboundRedirects.Anywhere)]
    [InlineData(OutboundRedirects.ApexOrWww)]
    [InlineData(OutboundRedirects.WithinDomain)]
    public async Task A_redirect_to_a_host_that_has_no_idn_form_is_refused_whatever_may_be_followed(OutboundRedirects followed)
    {
        await using var server = await LoopbackServer.StartAsync(RedirectTo(_ => $"https://{OutboundTargetTests.HostWithoutIdnForm}/"), Ct);
        using var client = ClientFor(server);
        var request = TestClient.Get($"https://idp.corp.test:{server.Port}/", followed);
        request.Options.Set(OutboundRequest.Within, "corp.test");

        var refused = await Assert.ThrowsAsync<OutboundRefusedException>(() => client.Http.SendAsync(request, Ct));

        Assert.Equal(OutboundRefusal.Redirected, refused.Reason);
        Assert.Equal(1, server.Requests); // it was there, and said where to go
    }

    [Fact]
    [Trait("Attack", "G2")]
    public async Task Nothing_is_followed_unless_the_request_asks_for_it()
    {
        await using var server = await LoopbackServer.StartAsync(RedirectTo(_ => "/elsewhere"), Ct);
        using var client = ClientFor(server);

        var refused = await client.RefusedAsync($"https://idp.corp.test:{server.Port}/.well-known/openid-configuration");

        Assert.Equal(OutboundRefusal.Redirected, refused.Reason);
        Assert.Equal(1, server.Requests);
    }

    [Fact]
    public async Task A_post_is_never_redirected()
    {
        await using var server = await LoopbackServer.StartAsync(RedirectTo(_ => "/elsewhere"), Ct);
        using var client = ClientFor(server);
        var request = TestClient.Get($"https://idp.corp.test:{server.Port}/token", OutboundRedirects.Anywhere);
        (request.Method, request.Content) = (HttpMethod.Post, new StringContent("code=secret"));

        var refused = await Assert.ThrowsAsync<OutboundRefusedException>(() => client.Http.SendAsync(request, Ct));

        Assert.Equal(OutboundRefusal.Redirected, refused.Reason);
        Assert.Equal(1, server.Requests);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public async Task Three_hops_are_followed_and_not_a_fourth(int hops, bool arrives)
    {
        await using var server = await LoopbackServer.StartAsync(
            context => Hop(context) is var at && at < hops ? Redirect(context, $"/{at + 1}") : context.Response.WriteAsync("arrived", Ct), Ct);
        using var client = ClientFor(server);
        var start = $"https://idp.corp.test:{server.Port}/0";

        if (arrives)
            Assert.Equal("arrived", await (await client.Http.SendAsync(TestClient.Get(start, OutboundRedirects.Anywhere), Ct)).Content.ReadAsStringAsync(Ct));
        else
            Assert.Equal(OutboundRefusal.TooManyRedirects, (await client.RefusedAsync(start, OutboundRedirects.Anywhere)).Reason);
        Assert.Equal(4, server.Requests);
    }

    [Theory]
    [InlineData("corp.test", "www.corp.test", true)]
    [InlineData("www.corp.test", "corp.test", true)]
    [InlineData("corp.test", "evil.test", false)]
    [InlineData("corp.test", "www.evil.test", false)]
    public async Task A_proof_file_may_move_between_apex_and_www_only(string from, string to, bool followed)
    {
        await using var server = await LoopbackServer.StartAsync(
            context => context.Request.Path == "/there" ? context.Response.WriteAsync("proof", Ct) : Redirect(context, $"https://{to}:{context.Connection.LocalPort}/there"), Ct);
        using var client = ClientFor(server, from, to);

        var asked = client.Http.SendAsync(TestClient.Get($"https://{from}:{server.Port}/", OutboundRedirects.ApexOrWww), Ct);

        if (followed)
            Assert.Equal("proof", await (await asked).Content.ReadAsStringAsync(Ct));
        else
            Assert.Equal(OutboundRefusal.Redirected, (await Assert.ThrowsAsync<OutboundRefusedException>(() => asked)).Reason);
    }

    [Theory]
    [InlineData("corp.test", true)]
    [InlineData("other.test", false)]
    public async Task Credentials_stay_with_their_origin(string target, bool kept)
    {
        IHeaderDictionary? seen = null;
        await using var server = await LoopbackServer.StartAsync(
            context =>
            {
                if (context.Request.Path != "/there")
                    return Redirect(context, $"https://{target}:{context.Connection.LocalPort}/there");
                seen = new HeaderDictionary(context.Request.Headers.ToDictionary()); // the server reuses its own
                return Task.CompletedTask;
            },
            Ct);
        using var client = ClientFor(server, "corp.test", "other.test");
        var request = TestClient.Get($"https://corp.test:{server.Port}/", OutboundRedirects.Anywhere);
        request.Headers.Authorization = new("Bearer", "secret");
        request.Headers.Add("X-Api-Key", "secret");
        request.Headers.Add("Accept", "application/json");
        request.Headers.Host = "admin.inner.test";

        await client.Http.SendAsync(request, Ct);

        Assert.NotNull(seen);
        Assert.Equal(kept, seen.ContainsKey("Authorization"));
        Assert.Equal(kept, seen.ContainsKey("X-Api-Key"));
        Assert.Equal("application/json", seen.Accept);
        Assert.Equal($"{target}:{server.Port}", seen.Host);
    }

    private static TestClient ClientFor(LoopbackServer server, params string[] names) => new(
        new OutboundOptions { AllowedHosts = [.. names.Append("idp.corp.test").Select(name => $"{name}:{server.Port}")] },
        (host, _) => [host == "public.test" ? IPAddress.Parse("8.8.8.8") : IPAddress.Loopback]);

    private static int Hop(HttpContext context) => int.Parse(context.Request.Path.Value![1..], System.Globalization.CultureInfo.InvariantCulture); // a path always

    private static RequestDelegate RedirectTo(Func<HttpContext, string> location) => context => Redirect(context, location(context));

    private static Task Redirect(HttpContext context, string location)
    {
        (context.Response.StatusCode, context.Response.Headers.Location) = (302, location);
        return Task.CompletedTask;
    }
}
