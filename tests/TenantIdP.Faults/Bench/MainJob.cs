using System.Net;
using System.Text.Json;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Faults.Bench;

internal enum JobEnd
{
    Done,

    /// <summary>A connection broke under the person's request; they began again in the same browser and came through.</summary>
    DoneAgain,

    /// <summary>Told to come back later.</summary>
    Unavailable,

    Failed,
}

/// <param name="Why">Of a failure.</param>
internal sealed record JobResult(JobEnd End, TimeSpan BeganAt, TimeSpan Took, string? Why = null);

/// <summary>
/// What the product is for: a person signs in by password through the pages, the app redeems the code, refreshes, reads the person and asks for a permission.
/// </summary>
internal sealed class MainJob(World world)
{
    private readonly Fleet fleet = world.Fleet;

    public async Task<JobResult> RunAsync(Person person, CancellationToken ct)
    {
        var (recorder, at) = (fleet.Recorder, fleet.Recorder.Now);
        using var browser = fleet.NewBrowser();
        for (var again = false; ; again = true)
        {
            try
            {
                await OnceAsync(browser, person, ct);
                return new JobResult(again ? JobEnd.DoneAgain : JobEnd.Done, at, recorder.Now - at);
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException or TaskCanceledException && !ct.IsCancellationRequested && !again)
            {
                // The person presses reload, and the app begins anew.
            }
            catch (UnavailableException)
            {
                return new JobResult(JobEnd.Unavailable, at, recorder.Now - at);
            }
            catch (Exception failure) when (failure is HttpRequestException or IOException or TaskCanceledException or InvalidOperationException or JsonException && !ct.IsCancellationRequested)
            {
                return new JobResult(JobEnd.Failed, at, recorder.Now - at, $"{failure.GetType().Name}: {failure.Message}");
            }
        }
    }

    private async Task OnceAsync(WebBrowser browser, Person person, CancellationToken ct)
    {
        var app = fleet.RelyingParty(world.App);
        var tokens = await SignInAsync(browser, app, world.Organization, person, ct);
        var refreshed = Ok(await app.RefreshAsync(tokens.RefreshToken, ct), "refresh");
        var (status, _) = await app.UserInfoAsync(refreshed.AccessToken, ct);
        if (status is HttpStatusCode.ServiceUnavailable) throw new UnavailableException("userinfo");
        if (status != HttpStatusCode.OK) throw new InvalidOperationException($"userinfo: {(int)status}");
        var allowed = await fleet.Operator.SendAsync(HttpMethod.Post, "authorization/check", new { checks = new[] { new { userId = person.Id, organizationId = world.Organization, permission = "members:read" } } }, ct);
        if (allowed.Status == HttpStatusCode.ServiceUnavailable) throw new UnavailableException("check");
        if ((bool?)allowed.Body?["results"]?[0]?["allowed"] != true) throw new InvalidOperationException($"check: {(int)allowed.Status} {allowed.Body}");
    }

    /// <summary>From the app's link to its tokens.</summary>
    /// <exception cref="UnavailableException">A page or the token endpoint said 503 or 429.</exception>
    /// <exception cref="InvalidOperationException">Anything else that is not the way.</exception>
    public static async Task<TokenAnswer> SignInAsync(WebBrowser browser, RelyingParty app, string organization, Person person, CancellationToken ct)
    {
        var pending = app.Authorize(("organization", organization));
        var page = Shown(await browser.GetAsync(pending.Address, ct, app.IsCallback), app);
        if (!app.IsCallback(page.Address))
        {
            page = Shown(await browser.SubmitAsync(page, new Dictionary<string, string> { ["email"] = person.Email }, ct, stopAt: app.IsCallback), app);
            page = Shown(await GivePasswordAsync(browser, app, page, ct), app);
        }

        if (!app.IsCallback(page.Address)) throw new InvalidOperationException($"Stopped at {page.Address.AbsolutePath}: {page.Text.ReplaceLineEndings(" ").Trim()}");
        if (!RelyingParty.Answer(page).TryGetValue("code", out var code)) throw new InvalidOperationException($"No code: {page.Address.Query}");
        return Ok(await app.RedeemAsync(code, pending.Verifier, ct), "code");
    }

    /// <summary>Where many sign in at once, a person who is asked to wait presses again.</summary>
    private static async Task<WebPage> GivePasswordAsync(WebBrowser browser, RelyingParty app, WebPage form, CancellationToken ct)
    {
        for (var tries = 0; ; tries++)
        {
            var page = await browser.SubmitAsync(form, new Dictionary<string, string> { ["password"] = World.Password }, ct, stopAt: app.IsCallback);
            if (page.Status != HttpStatusCode.TooManyRequests || tries == 60) return page;
            await Lengths.PassAsync(page.Response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), ct);
        }
    }

    private static WebPage Shown(WebPage page, RelyingParty app)
    {
        if (app.IsCallback(page.Address) || page.Status == HttpStatusCode.OK) return page;
        if (page.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests) throw new UnavailableException(page.Address.AbsolutePath);
        throw new InvalidOperationException($"{page.Address.AbsolutePath}: {(int)page.Status} {page.Text.ReplaceLineEndings(" ").Trim()}");
    }

    private static TokenAnswer Ok(TokenAnswer answer, string what)
    {
        if (answer.IsOk) return answer;
        if (answer.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests) throw new UnavailableException(what);
        throw new InvalidOperationException($"{what}: {(int)answer.Status} {answer.Body}");
    }
}
