using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using TenantIdP.Core;
using TenantIdP.Core.Events;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Core.Webhooks;
using TenantIdP.Testing.Clients;
using TenantIdP.Testing.Hosting;

namespace TenantIdP.Tests.Webhooks;

/// <summary>An organization of a test, with an endpoint, whose events the test records and whose API it calls as an operator.</summary>
internal sealed class WebhookScene
{
    private static readonly TimeSpan SeenWithin = TimeSpan.FromSeconds(30);

    private readonly IdpHost idp;
    private readonly HttpClient api;

    private WebhookScene(IdpHost idp, Organization organization, MadeWebhook made, HttpClient api) => (this.idp, Organization, Endpoint, Secret, this.api) = (idp, organization.Id, made.Endpoint.Id, made.Secret, api);

    public Id<Organization> Organization { get; }

    public Id<WebhookEndpoint> Endpoint { get; }

    public string Secret { get; }

    private string Path => $"organizations/{Organization}/webhooks/{Endpoint}";

    public static async Task<WebhookScene> NewAsync(IdpHost idp, string url, CancellationToken ct, params string[] types)
    {
        var organization = await idp.CreateOrganizationAsync(ct);
        var made = await idp.UseAsync<WebhookService, MadeWebhook>(
            s => s.CreateAsync(organization.Id, new WebhookSettings(url, null, types.Length == 0 ? ["member.*", "webhook.*"] : types), Granter.Instance, ct), organization.Id);
        var token = (await new RelyingParty(idp.Issuer, new TestApp("", IdpHost.BootstrapClientId, IdpHost.BootstrapSecret, ""), idp.Http).TokenAsync([("grant_type", "client_credentials"), ("scope", "management")], ct)).AccessToken;
        return new WebhookScene(idp, organization, made, Client(idp, token));
    }

    /// <summary>Past every use case: an event of this organization, which is all that the sealer sees.</summary>
    public async Task RecordAsync(string target, CancellationToken ct, object? personal = null, Id<User>? about = null, string type = EventTypes.MemberJoined)
    {
        await using var scope = idp.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<IdpDbContext>();
        db.EnterOrganization(Organization);
        scope.ServiceProvider.GetRequiredService<EventLog>().Record(type, Organization, target, new { target }, personal, about);
        await db.SaveChangesAsync(ct);
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken ct) => ReadAsync(HttpMethod.Get, $"organizations/{Organization}/{path}", null, ct);

    public Task<JsonElement> EndpointAsync(CancellationToken ct) => ReadAsync(HttpMethod.Get, Path, null, ct);

    public Task<JsonElement> ChangeAsync(object changes, CancellationToken ct) => ReadAsync(HttpMethod.Patch, Path, changes, ct);

    public Task<JsonElement> TestAsync(CancellationToken ct) => ReadAsync(HttpMethod.Post, $"{Path}/test", null, ct);

    public Task<JsonElement> RotateAsync(int overlapSeconds, CancellationToken ct) => ReadAsync(HttpMethod.Post, $"{Path}/secret?overlapSeconds={overlapSeconds}", null, ct);

    public Task<JsonElement> DeliveryAsync(string id, CancellationToken ct) => ReadAsync(HttpMethod.Get, $"{Path}/deliveries/{id}", null, ct);

    public Task<HttpResponseMessage> ReplayAsync(string id, CancellationToken ct) => api.PostAsync($"{Path}/deliveries/{id}/replay", null, ct);

    /// <summary>The tries of one event, the oldest first, once there are as many.</summary>
    public Task<IReadOnlyList<JsonElement>> TriesAsync(string webhookId, int count, CancellationToken ct) => WaitAsync<IReadOnlyList<JsonElement>>(
        async () => [.. (await ReadAsync(HttpMethod.Get, $"{Path}/deliveries?event={webhookId}", null, ct)).GetProperty("data").EnumerateArray().Reverse()], tries => tries.Count >= count, ct);

    /// <summary>Asks again until it is so, for half a minute.</summary>
    public static async Task<T> WaitAsync<T>(Func<Task<T>> ask, Func<T, bool> isSo, CancellationToken ct)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(ct);
        bounded.CancelAfter(SeenWithin);
        using var looks = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var answer = await ask();
            if (isSo(answer)) return answer;
            await looks.WaitForNextTickAsync(bounded.Token);
        }
    }

    private async Task<JsonElement> ReadAsync(HttpMethod method, string path, object? body, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await api.SendAsync(request, ct);
        var text = await answer.Content.ReadAsStringAsync(ct);
        return answer.IsSuccessStatusCode ? JsonDocument.Parse(text).RootElement : throw new InvalidOperationException($"{(int)answer.StatusCode} {text}");
    }

    private static HttpClient Client(IdpHost idp, string token)
    {
        var client = new HttpClient(new Testing.Contracts.ManagementContract(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false })) { BaseAddress = new Uri($"{idp.Issuer}/api/v1/") };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
