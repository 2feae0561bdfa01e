using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Server.Http;
using TenantIdP.Server.Http.Outbound;
using TenantIdP.Testing.Clients;
using TenantIdP.Tests.Outbound;
using Xunit;

namespace TenantIdP.Tests.Apps;

public sealed class AppKeySetsTests : IDisposable
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private readonly FakeTimeProvider clock = new();
    private readonly SigningApp signing = new();
    private readonly Publisher publisher = new();
    private readonly AppKeySets sets;
    private readonly App app;

    public AppKeySetsTests()
    {
        sets = new AppKeySets(publisher, clock);
        app = new App { Id = Id<App>.New(clock.GetUtcNow()), ClientId = "app", DisplayName = "App", Kind = AppKind.Machine, TokenEndpointAuthMethod = AppAuthMethods.PrivateKeyJwt, JwksUri = "https://app.example.test/jwks" };
    }

    public void Dispose() => signing.Dispose();

    private sealed class Publisher : IAppKeyDocuments
    {
        public int Asked { get; private set; }
        public string? Document { get; set; }
        public TaskCompletionSource? Holds { get; set; }

        public async Task<string?> FetchAsync(Id<App> app, string address, CancellationToken ct)
        {
            Asked++;
            if (Holds is { } holds) await holds.Task;
            return Document;
        }
    }

    private void Publish(params AppKey[] keys) => publisher.Document = JsonSerializer.Serialize(new AppKeySet(keys), JsonText.Options);

    private async Task<int> CountAsync(string? kid, string algorithm = "ES256") => (await sets.FindAsync(app, algorithm, kid, Ct)).Count;

    [Fact]
    public async Task A_document_is_read_once_in_its_lifetime_and_then_again()
    {
        Publish(signing.EcKey);

        Assert.Equal((1, 1), (await CountAsync(SigningApp.EcKid), await CountAsync(null)));
        Assert.Equal(1, publisher.Asked);
        Publish(signing.RsaKey);
        clock.Advance(AppKeySets.Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(1, await CountAsync(null));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, await CountAsync(null)); // the key is gone, and so is what it could sign
        Assert.Equal(2, publisher.Asked);
    }

    [Fact]
    public async Task An_unknown_key_id_asks_again_at_most_once_in_five_minutes()
    {
        Publish(signing.EcKey);
        await CountAsync(SigningApp.EcKid);
        Publish(signing.EcKey, signing.RsaKey);

        for (var i = 0; i < 100; i++) Assert.Equal(0, await CountAsync($"guess-{i}"));
        Assert.Equal(1, publisher.Asked);
        clock.Advance(AppKeySets.AskedAgain);
        Assert.Equal(1, await CountAsync(SigningApp.RsaKid, "RS256"));
        for (var i = 0; i < 100; i++) Assert.Equal(0, await CountAsync($"guess-{i}"));
        Assert.Equal(2, publisher.Asked);
    }

    [Fact]
    public async Task While_the_address_is_away_the_last_document_counts_for_an_hour_and_it_is_tried_every_half_minute()
    {
        Publish(signing.EcKey);
        await CountAsync(null);
        publisher.Document = null;
        clock.Advance(AppKeySets.Lifetime);

        Assert.Equal((1, 1), (await CountAsync(null), await CountAsync(null)));
        Assert.Equal(2, publisher.Asked);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(1, await CountAsync(null));
        Assert.Equal(3, publisher.Asked);
        clock.Advance(AppKeySets.Kept);
        Assert.Equal(0, await CountAsync(null));
        publisher.Document = "<html>";
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(0, await CountAsync(null));
    }

    [Fact]
    public async Task Many_at_once_ask_once_and_another_address_is_another_document()
    {
        publisher.Holds = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Publish(signing.EcKey);

        var waiting = Enumerable.Range(0, 50).Select(_ => CountAsync(SigningApp.EcKid)).ToList();
        publisher.Holds.SetResult();
        Assert.All(await Task.WhenAll(waiting), count => Assert.Equal(1, count));
        Assert.Equal(1, publisher.Asked);

        Publish(signing.RsaKey);
        Assert.Single(await sets.FindAsync(app with { JwksUri = "https://app.example.test/new" }, "RS256", null, Ct));
        Assert.Empty(await sets.FindAsync(app with { JwksUri = null, Jwks = null }, "RS256", null, Ct));
        Assert.Single(await sets.FindAsync(app with { JwksUri = null, Jwks = signing.Keys }, "RS256", null, Ct));
        Assert.Equal(2, publisher.Asked);
    }

    private sealed class Clients(TestClient client) : IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => name == OutboundHttp.ClientName ? client.Http : throw new ArgumentException(name, nameof(name));
    }

    [Theory, InlineData("127.0.0.1"), InlineData("10.0.0.1"), InlineData("169.254.169.254"), InlineData("fd00::1")]
    [Trait("Attack", "G1")]
    public async Task A_name_that_leads_to_a_private_address_is_never_dialled(string address)
    {
        using var client = new TestClient(new OutboundOptions(), (_, _) => [IPAddress.Parse(address)]);

        Assert.Null(await new AppKeyDocuments(new Clients(client), NullLogger<AppKeyDocuments>.Instance).FetchAsync(app.Id, "https://keys.example.test/jwks", Ct));

        Assert.Equal(1, client.Resolver.Asked);
        Assert.Empty(client.Dialled);
    }
}
