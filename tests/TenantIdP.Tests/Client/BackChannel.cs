using System.Net;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Tests.Client;

/// <summary>The application's way to the login host: counts refreshes, and can be cut.</summary>
internal sealed class BackChannel() : DelegatingHandler(new HttpClientHandler { UseProxy = false, UseCookies = false })
{
    private int refreshes;

    public int Refreshes => refreshes;

    /// <summary>What the last refresh asked for.</summary>
    public Dictionary<string, StringValues> Form { get; private set; } = [];

    /// <summary>What the last challenge asked for (RFC 9126).</summary>
    public Dictionary<string, StringValues> Pushed { get; private set; } = [];

    /// <summary>The token endpoint does not answer.</summary>
    public bool IsCut { get; set; }

    /// <summary>What a refresh is answered with, instead of asking the login host.</summary>
    public TokenAnswer? Answer { get; set; }

    /// <summary>Every refresh waits for it.</summary>
    public Task Hold { get; set; } = Task.CompletedTask;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var form = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        if (form.Contains("grant_type=refresh_token", StringComparison.Ordinal))
        {
            Form = QueryHelpers.ParseQuery(form);
            Interlocked.Increment(ref refreshes);
            await Hold.WaitAsync(cancellationToken);
            if (IsCut) return new HttpResponseMessage(HttpStatusCode.BadGateway) { Content = new StringContent("<html>") };
            if (Answer is { } answer) return new HttpResponseMessage(answer.Status) { Content = new StringContent(answer.Body.ToJsonString()) };
        }

        if (form.Contains("response_type=code", StringComparison.Ordinal)) Pushed = QueryHelpers.ParseQuery(form);
        return await base.SendAsync(request, cancellationToken);
    }
}
