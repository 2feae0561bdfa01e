using System.Buffers;

namespace TenantIdP.Server.Http.Outbound;

/// <summary>Reads an answer whole, counting the bytes that come out of the decompressor.</summary>
internal static class OutboundAnswer
{
    public static async Task<HttpResponseMessage> ReadAsync(HttpResponseMessage response, int maxBytes, CancellationToken ct)
    {
        if (response.RequestMessage?.Method == HttpMethod.Head)
            return response;

        var headers = response.Content.Headers;
        if (headers.ContentLength > maxBytes)
            throw new OutboundRefusedException(OutboundRefusal.AnswerTooLarge, $"announced {headers.ContentLength} bytes");
        if (headers.ContentEncoding.Any(e => !e.Equals("identity", StringComparison.OrdinalIgnoreCase)))
            throw new OutboundRefusedException(OutboundRefusal.AnswerInvalid, "content encoding that was not asked for");

        var content = new ByteArrayContent(await ReadBodyAsync(response.Content, maxBytes, ct));
        foreach (var (name, values) in headers)
        {
            if (!name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                content.Headers.TryAddWithoutValidation(name, values);
        }

        response.Content.Dispose();
        response.Content = content;
        return response;
    }

    private static async Task<byte[]> ReadBodyAsync(HttpContent content, int maxBytes, CancellationToken ct)
    {
        await using var body = await content.ReadAsStreamAsync(ct);
        using var kept = new MemoryStream();
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            int read;
            while ((read = await body.ReadAsync(buffer, ct)) > 0)
            {
                if (kept.Length + read > maxBytes)
                    throw new OutboundRefusedException(OutboundRefusal.AnswerTooLarge, $"more than {maxBytes} bytes");
                kept.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return kept.ToArray();
    }
}
