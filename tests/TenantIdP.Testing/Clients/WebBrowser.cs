using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace TenantIdP.Testing.Clients;

/// <summary>A page as a browser without JavaScript sees it.</summary>
public sealed record WebPage(Uri Address, HttpStatusCode Status, IHtmlDocument Document, HttpResponseMessage Response)
{
    public string Text => Document.Body?.TextContent ?? "";

    public IHtmlFormElement Form(string? selector = null) =>
        (IHtmlFormElement?)(selector is null ? Document.Forms.OrderByDescending(f => f.Method == "post").FirstOrDefault() : Document.QuerySelector(selector))
        ?? throw new InvalidOperationException($"No form on {Address} ({(int)Status}): {Text.Trim()}");
}

/// <summary>
/// Walks pages with plain forms: keeps cookies per host and port, follows redirects until an address that <c>stopAt</c> names, submits forms as they are served.
/// </summary>
public sealed class WebBrowser : IDisposable
{
    private readonly HttpClient client;

    /// <param name="through">Stands between the browser and the network, such as a load balancer.</param>
    /// <param name="handler">Another than the usual one, such as one that trusts an authority of the tests; it must not follow redirects, and uses <paramref name="cookies"/>.</param>
    public WebBrowser(CookieContainer? cookies = null, DelegatingHandler? through = null, HttpMessageHandler? handler = null)
    {
        Cookies = cookies ?? new CookieContainer();
        var network = handler ?? new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = Cookies, UseProxy = false };
        if (through is not null)
        {
            through.InnerHandler = network;
            network = through;
        }

        client = new HttpClient(network) { Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.UserAgent.ParseAdd("Mozilla/5.0 (test)");
        client.DefaultRequestHeaders.Accept.ParseAdd("text/html,*/*;q=0.8");
    }

    public CookieContainer Cookies { get; }

    /// <summary>Every address visited, oldest first.</summary>
    public List<Uri> Trail { get; } = [];

    public async Task<WebPage> GetAsync(Uri address, CancellationToken ct, Func<Uri, bool>? stopAt = null) =>
        await FollowAsync(await client.GetAsync(address, ct), address, stopAt, ct);

    public Task<WebPage> GetAsync(string address, CancellationToken ct, Func<Uri, bool>? stopAt = null) => GetAsync(new Uri(address), ct, stopAt);

    public async Task<WebPage> SubmitAsync(WebPage page, IReadOnlyDictionary<string, string> values, CancellationToken ct, string? form = null, Func<Uri, bool>? stopAt = null, IElement? button = null)
    {
        var element = page.Form(form);
        var fields = new List<KeyValuePair<string, string>>();
        foreach (var field in element.Elements.OfType<IHtmlInputElement>())
        {
            if (field.Name is not { Length: > 0 } name || field.Type is "submit" or "button" || values.ContainsKey(name)) continue;
            if (field.Type is "checkbox" or "radio" && !field.IsChecked) continue;
            fields.Add(new(name, field.Value));
        }

        fields.AddRange(values);
        if (button?.GetAttribute("name") is { Length: > 0 } pressed) fields.Add(new(pressed, button.GetAttribute("value") ?? ""));
        var action = button?.GetAttribute("formaction") ?? element.GetAttribute("action");
        var target = string.IsNullOrEmpty(action) ? page.Address : new Uri(page.Address, action);
        using var content = new FormUrlEncodedContent(fields);
        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = content };
        request.Headers.Add("Origin", page.Address.GetLeftPart(UriPartial.Authority));
        return await FollowAsync(await client.SendAsync(request, ct), target, stopAt, ct);
    }

    public Task<WebPage> SubmitAsync(WebPage page, CancellationToken ct, params (string Name, string Value)[] values) =>
        SubmitAsync(page, values.ToDictionary(v => v.Name, v => v.Value), ct);

    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct) => await client.SendAsync(request, ct);

    public void Dispose() => client.Dispose();

    private async Task<WebPage> FollowAsync(HttpResponseMessage response, Uri address, Func<Uri, bool>? stopAt, CancellationToken ct)
    {
        Trail.Add(address);
        for (var hops = 0; response.StatusCode is HttpStatusCode.Redirect or HttpStatusCode.SeeOther or HttpStatusCode.MovedPermanently or HttpStatusCode.TemporaryRedirect; hops++)
        {
            if (hops == 25) throw new InvalidOperationException($"Too many redirects: {string.Join(" -> ", Trail.TakeLast(8).Select(u => u.GetLeftPart(UriPartial.Path)))}");
            address = new Uri(address, response.Headers.Location!); // a redirect has a location
            Trail.Add(address);
            if (stopAt?.Invoke(address) == true) return new WebPage(address, response.StatusCode, await new HtmlParser().ParseDocumentAsync("", ct), response);
            response = await client.GetAsync(address, ct);
        }

        var document = await new HtmlParser().ParseDocumentAsync(await response.Content.ReadAsStringAsync(ct), ct);
        return new WebPage(address, response.StatusCode, document, response);
    }
}
